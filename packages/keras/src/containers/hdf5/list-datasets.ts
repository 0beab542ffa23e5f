import { ModelFileError } from '../../errors.js';
import type { Hdf5File } from './hdf5-file.js';

/** No real model has as many. */
const MOST_OBJECTS = 200_000;
const MOST_DEPTH = 100;

/**
 * Lists the paths of all datasets, without following links to other files.
 *
 * @param skip Says which groups to leave out.
 * @throws {ModelFileError} When the file holds more groups and datasets than a model can have.
 */
export function listDatasets(file: Hdf5File, skip: (path: string) => boolean): string[] {
  const found: string[] = [];
  const seen = new Set<string>();
  let objects = 0;
  const visit = (group: string, depth: number) => {
    if (depth > MOST_DEPTH) throw tooMany(file.path);
    for (const name of file.names(group)) {
      const path = `${group === '/' ? '' : group}/${name}`;
      if (++objects > MOST_OBJECTS) throw tooMany(file.path);
      if (skip(path)) continue;
      const kind = file.child(path);
      if (kind === 'dataset') found.push(path);
      if (kind !== 'group') continue;
      // A hard link may lead back to a group that contains it.
      const identity = file.identity(path);
      if (seen.has(identity)) continue;
      seen.add(identity);
      visit(path, depth + 1);
    }
  };
  visit('/', 0);
  return found;
}

function tooMany(file: string): ModelFileError {
  return new ModelFileError(
    'ERR_KERAS_DAMAGED',
    `The HDF5 file has more groups than a model can have: ${file}`,
    { file },
  );
}
