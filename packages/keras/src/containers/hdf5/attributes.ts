import { ModelFileError } from '../../errors.js';
import type { Hdf5File } from './hdf5-file.js';

/**
 * Reads a text attribute, stored with fixed or variable length.
 *
 * @returns `undefined` if there is no such attribute.
 * @throws {ModelFileError} When the attribute is not text.
 */
export function textAttribute(file: Hdf5File, path: string, name: string): string | undefined {
  const value = file.attribute(path, name);
  if (value === undefined) return undefined;
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.length === 1 && typeof value[0] === 'string') return value[0];
  throw wrongAttribute(file, path, name, 'text');
}

/**
 * Reads an integer attribute.
 *
 * @returns `undefined` if there is no such attribute.
 * @throws {ModelFileError} When the attribute is not a safe integer.
 */
export function integerAttribute(file: Hdf5File, path: string, name: string): number | undefined {
  const value = file.attribute(path, name);
  if (value === undefined) return undefined;
  if (typeof value === 'bigint' || typeof value === 'number') {
    const integer = Number(value);
    if (Number.isSafeInteger(integer)) return integer;
  }
  throw wrongAttribute(file, path, name, 'an integer');
}

/**
 * Reads a list of names. If a list is too long for one attribute (64 KiB), Keras splits it into NAME0, NAME1 and so on.
 * Keras stores an empty list as an empty array of numbers. Source: `save_attributes_to_hdf5_group` of Keras 2.
 *
 * @returns `undefined` if there is no such attribute.
 * @throws {ModelFileError} When the attribute is not a list of names.
 */
export function namesAttribute(file: Hdf5File, path: string, name: string): string[] | undefined {
  const whole = file.attribute(path, name);
  if (whole !== undefined) return names(file, path, name, whole);

  const chunks: string[] = [];
  for (let index = 0; ; index++) {
    const chunk = file.attribute(path, `${name}${index}`);
    if (chunk === undefined) return index === 0 ? undefined : chunks;
    chunks.push(...names(file, path, `${name}${index}`, chunk));
  }
}

function names(file: Hdf5File, path: string, name: string, value: unknown): string[] {
  if (ArrayBuffer.isView(value) && value.byteLength === 0) return [];
  // h5wasm returns null for an empty dataspace.
  if (value === null) return [];
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value;
  throw wrongAttribute(file, path, name, 'a list of names');
}

function wrongAttribute(file: Hdf5File, path: string, name: string, wanted: string): ModelFileError {
  return new ModelFileError(
    'ERR_KERAS_DAMAGED',
    `Attribute ${name} of ${path} must be ${wanted}: ${file.path}`,
    {
      file: file.path,
    },
  );
}
