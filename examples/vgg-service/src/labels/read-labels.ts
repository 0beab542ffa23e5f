import { readFile } from 'node:fs/promises';

/** The labels file cannot be used. Its message is one line. */
export class LabelsError extends Error {
  override readonly name = 'LabelsError';
  readonly code = 'ERR_LABELS';
}

/**
 * Reads a labels file: UTF-8, one label a line, in the order of the model's classes.
 *
 * @throws {LabelsError}
 */
export async function readLabels(file: string | URL): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new LabelsError(`The labels file ${String(file)} cannot be read.`, { cause: error });
  });
  const labels = text.split(/\r?\n/).map((line) => line.trim());
  if (labels.at(-1) === '') labels.pop();
  const empty = labels.indexOf('');
  if (empty >= 0) throw new LabelsError(`Line ${empty + 1} of the labels file ${String(file)} is empty.`);
  return labels;
}
