/** The methods of every contender's worker. piscina, tinypool and jest-worker load this file itself. */

/** The argument of a call: text, or the bytes of an image or a tensor. */
export type Payload = string | Uint8Array | Float32Array;

/** The answer of `sink`. It is small, but depends on the payload, so it proves that the payload arrived. */
export interface Digest {
  readonly length: number;
  readonly ends: string;
}

/** CPU time of a process since its start. */
export interface Usage {
  readonly pid: number;
  /** User and system time of all its threads, in µs. */
  readonly cpu: number;
}

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

export type Method = 'echo' | 'sink' | 'usage';

/** A call, for contenders that only exchange messages. */
export interface Request {
  readonly id: number;
  readonly method: Method;
  readonly payload: Payload;
}

/** The answer to a `Request`. */
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
