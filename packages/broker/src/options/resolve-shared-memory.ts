import { MAX_SHARED_BYTES, MIN_THRESHOLD, type SharedMemorySettings } from '../channel/shared/layout.js';
import { findKoffi, loadSystem } from '../channel/shared/system.js';
import { InvalidOptionError } from '../errors.js';
import { ownFile } from '../location.js';
import { group, optional, wholeNumber } from './reader.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const OF_BYTES = ' of bytes';

const readFlag = optional('true, false or an object of size and threshold', undefined, isBooleanOrObject);
const readLimits = group({
  size: wholeNumber(64 * MIB, MIB, 4 * KIB * MIB, OF_BYTES),
  threshold: wholeNumber(64 * KIB, MIN_THRESHOLD, MAX_SHARED_BYTES, OF_BYTES),
});

/**
 * Reads the option `sharedMemory`, and finds out whether there can be any.
 * @returns `undefined` if there is to be none.
 * @throws {InvalidOptionError} Names the accepted range. Also if the option asks for shared memory and there can be none.
 */
export function sharedMemory(option: unknown, name: string): SharedMemorySettings | undefined {
  const value = readFlag(option, name);
  if (value === false) return undefined;
  const limits = readLimits(typeof value === 'object' ? value : {}, name);
  const koffi = findKoffi(ownFile());
  if (value !== undefined) checkLoads(koffi);
  return koffi === undefined ? undefined : { ...limits, koffi };
}

function checkLoads(koffi: string | undefined): void {
  try {
    if (koffi === undefined) throw new Error('it is not installed');
    loadSystem(koffi);
  } catch (cause) {
    const message =
      'sharedMemory needs Linux and the package koffi, which cannot be loaded. Install it (npm install koffi@3), or ' +
      'leave the option out: then koffi is used if it can be loaded';
    throw new InvalidOptionError('sharedMemory', message, { cause });
  }
}

function isBooleanOrObject(value: unknown): value is boolean | object {
  return typeof value === 'boolean' || (typeof value === 'object' && value !== null);
}
