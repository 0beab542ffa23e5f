import { MAX_SHARED_BYTES, MIN_THRESHOLD, type SharedMemorySettings } from '../channel/shared/layout.js';
import { findKoffi, loadSystem } from '../channel/shared/system.js';
import { InvalidOptionError } from '../errors.js';
import { OptionReader } from './option-reader.js';

const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * Checks the option, fills in its defaults, and looks whether there can be shared memory.
 * @throws InvalidOptionError naming the accepted range; also where it is asked for, and there can be none.
 */
export function resolveSharedMemory(given: OptionReader): SharedMemorySettings | undefined {
  const accepted = 'true, false or an object of size and threshold';
  const value = given.custom('sharedMemory', accepted, undefined, isBooleanOrObject);
  if (value === false) return undefined;
  const limits = new OptionReader('sharedMemory.', typeof value === 'object' ? value : {});
  const size = limits.bytes('size', 64 * MIB, MIB, 4 * KIB * MIB);
  const threshold = limits.bytes('threshold', 64 * KIB, MIN_THRESHOLD, MAX_SHARED_BYTES);
  limits.rejectUnknown();
  const koffi = findKoffi();
  if (value !== undefined) check(koffi);
  return koffi === undefined ? undefined : { size, threshold, koffi };
}

/** Where it was asked for, it must be possible. */
function check(koffi: string | undefined): void {
  try {
    if (koffi !== undefined) loadSystem(koffi);
    else throw new Error('it is not installed');
  } catch (cause) {
    const message =
      'sharedMemory takes Linux, and the package koffi, which cannot be loaded: `npm install koffi@3` installs it; ' +
      'without the option, koffi is used where it is there';
    throw new InvalidOptionError('sharedMemory', message, { cause });
  }
}

function isBooleanOrObject(value: unknown): value is boolean | object {
  return typeof value === 'boolean' || (typeof value === 'object' && value !== null);
}
