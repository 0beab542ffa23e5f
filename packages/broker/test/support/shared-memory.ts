import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

import type { Broker } from '@dual/broker';

import { fixture, startBroker, type TestOptions } from './brokers.js';

export const KIB = 1024;
export const MIB = 1024 * KIB;

/** A broker that shares memory with its child, and does with large arguments what pipelines do. */
export async function startSharing(options: TestOptions = {}): Promise<Broker> {
  const broker = await startBroker(fixture('lent.mjs'), { sharedMemory: true, ...options });
  // The memory is mapped after the start, and before the first answer.
  await broker.call('pid', []);
  return broker;
}

/** What its only process shares with it. */
export function memory(broker: Broker): { size: number; used: number } | undefined {
  return broker.stats().processes[0]?.sharedMemory;
}

/** Bytes that tell where each of them belongs. */
export function bytes(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).map((_, i) => i % 251);
}

/** Mappings and descriptors of shared memory that a process has. */
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
