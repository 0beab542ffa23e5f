import { setTimeout as delay } from 'node:timers/promises';
import { crc32 } from 'node:zlib';

import { BrokerError } from '@dual/broker';

import type { Outcome } from './history.js';
import { payloadOf } from './invocation.js';
import type { CallPlan, ReaderPlan } from './plan.js';

/** Waits for the result of a call. Never rejects. */
export async function receive(result: Promise<unknown>, plan: CallPlan): Promise<Outcome> {
  try {
    const value = await result;
    return { kind: 'result', id: idOf(value), intact: isIntact(value, plan, plan.returnBytes) };
  } catch (error) {
    return failure(error);
  }
}

/** Reads a stream as the plan says. Never rejects. */
export async function read(
  stream: AsyncIterable<unknown>,
  plan: CallPlan,
  { chunks, delayMs, leavesAfter }: ReaderPlan,
): Promise<Outcome> {
  let taken = 0;
  let intact = true;
  try {
    for await (const chunk of stream) {
      if (idOf(chunk) !== plan.id) return { kind: 'result', id: idOf(chunk), intact: false };
      intact &&= numberOf(chunk) === taken && isIntact(chunk, plan, taken === 0 ? plan.returnBytes : taken);
      taken += 1;
      if (taken === leavesAfter) return { kind: 'left', intact };
      if (delayMs > 0) await delay(delayMs);
    }
    return { kind: 'result', id: plan.id, intact: intact && taken === chunks };
  } catch (error) {
    return failure(error);
  }
}

function failure(error: unknown): Outcome {
  if (error instanceof BrokerError) {
    const { code, message, started, pid } = error;
    return { kind: 'error', code, message, started, pid };
  }
  return { kind: 'error', code: undefined, message: asError(error).message, started: true, pid: undefined };
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function idOf(value: unknown): number {
  return typeof value === 'object' && value !== null ? Number(Reflect.get(value, 'id')) : NaN;
}

function numberOf(value: unknown): number {
  return typeof value === 'object' && value !== null ? Number(Reflect.get(value, 'number')) : NaN;
}

/** Whether the child received the bytes of the call, and the value has the bytes that it should return. */
function isIntact(value: unknown, plan: CallPlan, returnBytes: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { sum, bytes }: { sum?: unknown; bytes?: unknown } = value;
  return (
    sum === crc32(payloadOf(plan.id, plan.sendBytes)) &&
    bytes instanceof Uint8Array &&
    Buffer.compare(bytes, payloadOf(plan.id, returnBytes)) === 0
  );
}
