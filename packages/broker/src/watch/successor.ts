import { createHash } from 'node:crypto';

import { encodeValue } from '../channel/values/codec.js';

/** The end of a watched broker. */
interface Watched {
  close(): Promise<void>;
}

/** One table for the whole program, because hot reload may load another copy of this package. */
const TABLE = Symbol.for('@dual/broker/watched');

function table(): Map<string, Watched> {
  const known: unknown = Reflect.get(globalThis, TABLE);
  if (known instanceof Map) return known as Map<string, Watched>; // by its symbol
  const created = new Map<string, Watched>();
  Object.defineProperty(globalThis, TABLE, { value: created });
  return created;
}

/**
 * Takes the place of the program's earlier watched broker of the same pipeline, which is closed. If a web server's hot
 * reload evaluates a module again, nothing else would end the processes of its previous evaluation.
 * @param pipeline What tells one pipeline from another: its module, export and arguments.
 * @returns A function that gives the place up.
 */
export function succeed(pipeline: readonly unknown[], watched: Watched): () => void {
  const brokers = table();
  const name = nameOf(pipeline);
  const earlier = brokers.get(name);
  brokers.set(name, watched);
  void earlier?.close();
  return () => {
    if (brokers.get(name) === watched) brokers.delete(name);
  };
}

function nameOf(pipeline: readonly unknown[]): string {
  const { metadata, buffers } = encodeValue(pipeline, 'args');
  const hash = createHash('sha256').update(metadata);
  for (const buffer of buffers) hash.update(buffer);
  return hash.digest('hex');
}
