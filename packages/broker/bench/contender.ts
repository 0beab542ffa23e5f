import type { Method, Payload } from './worker/methods.js';

/** One way to run a function in another process or thread, with one worker. */
export interface Contender {
  /** Its name for `--contenders`. */
  readonly name: string;
  /** Its name in the table. */
  readonly title: string;
  /** The package whose version the report names. Absent if the contender is a part of Node. */
  readonly package?: string;
  /** The settings that affect its speed, as a phrase for the report. */
  readonly settings: string;
  /** `text` means JSON, which cannot carry bytes. */
  readonly carries: 'text' | 'bytes';
  /** Starts the worker. */
  readonly open: () => Promise<Connection> | Connection;
}

/** A contender's running worker. */
export interface Connection {
  /** Runs a method of `worker/methods.ts` in the worker. */
  readonly call: (method: Method, payload: Payload) => PromiseLike<unknown>;
  /** Ends the worker. */
  readonly close: () => unknown;
}
