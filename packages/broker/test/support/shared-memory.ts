import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

import type { Broker } from '@dual/broker';

import { fixture, startBroker, type TestOptions } from './brokers.js';

export const KIB = 1024;
export const MIB = 1024 * KIB;

/** Starts a broker that shares memory with its child. The pipeline is `lent.mjs`. */
export async function startSharing(options: TestOptions = {}): Promise<Broker> {
  const broker = await startBroker(fixture('lent.mjs'), { sharedMemory: true, ...options });
  // The child maps the memory after the start, but before its first answer.
  await broker.call('pid', []);
  return broker;
}

/** The memory that a broker shares with its only process. */
export function memory(broker: Broker): { size: number; used: number } | undefined {
  return broker.stats().processes[0]?.sharedMemory;
}

/** A pattern of bytes in which misplaced bytes show. */
export function bytes(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).map((_, i) => i % 251);
}

/** Mappings and file descriptors of shared memory in a process. */
export function sharedBy(pid: number | 'self'): string[] {
  const maps = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n');
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return ''; // closed meanwhile
    }
  });
  return [...maps, ...links].filter((text) => text.includes('memfd:dual-broker'));
}
