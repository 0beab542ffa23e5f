import { PipelineStartError } from '@dual/broker';

/** One line that says why the service could not start, for whoever typed the command. */
export function startFailure(error: unknown): string {
  const reason = error instanceof PipelineStartError && error.cause instanceof Error ? error.cause : error;
  if (!(reason instanceof Error)) return `The service could not start: ${String(reason)}`;
  return oneLine(reason.message);
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim();
}
