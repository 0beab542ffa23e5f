import { expect } from '@jest/globals';

import { loadModel, ModelFileError } from '../../src/index.js';

/** The error by which a file is refused; it names the file, and fits one line. */
export async function refusal(file: string): Promise<ModelFileError> {
  const outcome = await loadModel(file, { architecture: 'vgg16' }).then(
    () => 'it loaded',
    (error: unknown) => error,
  );
  if (outcome instanceof ModelFileError) {
    expect(outcome.file).toBe(file);
    expect(outcome.message).toContain(file);
    expect(outcome.message).not.toContain('\n');
    return outcome;
  }
  throw new Error('not refused by a ModelFileError', { cause: outcome });
}
