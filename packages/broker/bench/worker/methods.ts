/** What every contender's other end can do. piscina, tinypool and jest-worker load this file itself. */

/** What is sent: text, or the bytes of an image or a tensor. */
export type Payload = string | Uint8Array | Float32Array;

/** What `sink` answers: little, but something that only the receiver of the payload can know. */
export interface Digest {
  readonly length: number;
  readonly ends: string;
}

/** What a process has used since it started. */
export interface Usage {
  readonly pid: number;
  /** User and system time of all its threads, in µs. */
  readonly cpu: number;
}

/** The payload, as it came. */
export function echo(payload: Payload): Payload {
  return payload;
}

/** A small answer to a payload of any size. */
export function sink(payload: Payload): Digest {
  return { length: payload.length, ends: `${payload[0] ?? ''} ${payload[payload.length - 1] ?? ''}` };
}

/** CPU time of the process in which this runs. */
export function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { pid: process.pid, cpu: user + system };
}

/** The name of a method. */
export type Method = 'echo' | 'sink' | 'usage';

/** One call, where a contender gives no way to name a method. */
export interface Request {
  readonly id: number;
  readonly method: Method;
  readonly payload: Payload;
}

/** Its answer. */
export interface Response {
  readonly id: number;
  readonly result: unknown;
}

/** Runs the method that a request names. */
export function answer({ id, method, payload }: Request): Response {
  switch (method) {
    case 'echo':
      return { id, result: echo(payload) };
    case 'sink':
      return { id, result: sink(payload) };
    case 'usage':
      return { id, result: usage() };
  }
}
