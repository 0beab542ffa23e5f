import { expect } from '@jest/globals';

import { loadModel, ModelFileError } from '../../src/index.js';

/** Loads a file and returns the error that refuses it. Checks that the message is one line and names the file. */
export async function refusal(file: string): Promise<ModelFileError> {
  const outcome = await loadModel(file, { architecture: 'vgg16' }).then(
    () => 'the file was loaded',
    (error: unknown) => error,
  );
  if (outcome instanceof ModelFileError) {
    expect(outcome.file).toBe(file);
    expect(outcome.message).toContain(file);
    expect(outcome.message).not.toContain('\n');
    return outcome;
  }
  throw new Error('the file was not refused with a ModelFileError', { cause: outcome });
}
