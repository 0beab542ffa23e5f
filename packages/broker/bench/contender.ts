import type { Method, Payload } from './worker/methods.js';

/** One way to have a function run elsewhere, with one worker. */
export interface Contender {
  /** What `--contenders` calls it. */
  readonly name: string;
  /** What the table calls it. */
  readonly title: string;
  /** The package whose version the table names; none for what is part of Node. */
  readonly package?: string;
  /** The settings that matter, in words. */
  readonly settings: string;
  /** `text`: JSON, which cannot carry bytes. */
  readonly carries: 'text' | 'bytes';
  /** Starts its worker. */
  readonly open: () => Promise<Connection> | Connection;
}

/** A contender's running worker. */
export interface Connection {
  /** Runs a method of `worker/methods.ts` there. */
  readonly call: (method: Method, payload: Payload) => PromiseLike<unknown>;
  /** Ends the worker. */
  readonly close: () => unknown;
}
