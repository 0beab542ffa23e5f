import { readFile } from 'node:fs/promises';

/** The labels file is not usable. The message is one line. */
export class LabelsError extends Error {
  override readonly name = 'LabelsError';
  readonly code = 'ERR_LABELS';
}

/**
 * Reads a labels file: UTF-8, one label per line, in the order of the model's classes.
 *
 * @throws {LabelsError} When the file is not readable, or one of its lines is empty.
 */
export async function readLabels(file: string | URL): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new LabelsError(`The labels file ${String(file)} is not readable. Check the path of --labels.`, {
      cause: error,
    });
  });
  const labels = text.split(/\r?\n/).map((line) => line.trim());
  if (labels.at(-1) === '') labels.pop();
  const empty = labels.indexOf('');
  if (empty >= 0)
    throw new LabelsError(`Line ${empty + 1} of the labels file ${String(file)} is empty. Give it a label.`);
  return labels;
}
