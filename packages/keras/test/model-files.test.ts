/** @jest-environment ./test/shared-arrays-environment.mjs */
import { existsSync } from 'node:fs';

import { describe } from '@jest/globals';

import { sharedFile, testWithShared } from './support/files.js';
import { checkEntry, entriesOf } from './support/reference.js';

describe.each([
  ['files that people published', 'vectors/real'],
  ['models made after reports of faults in other programs', 'vectors/real/reported'],
  ['models of random layers', 'vectors/random'],
])('%s', (_, folder) => {
  const index = sharedFile(folder, 'index.json');
  const entries = existsSync(index) ? entriesOf(index) : [];
  testWithShared.each(entries.length > 0 ? entries : [{ id: 'missing' } as never])(
    '$id',
    async (entry: (typeof entries)[number]) => {
      await checkEntry(entry, sharedFile(folder, 'files'));
    },
  );
});
