import { invalid } from './invalid.js';

/** Members of a JSON object of a stranger. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** Whether a value is a JSON object. */
export function isRecord(value: unknown): value is JsonRecord {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

/** A member of the object itself: `__proto__` and its like are none. */
export function member(record: JsonRecord, name: string): unknown {
  return Object.hasOwn(record, name) ? (record[name] ?? undefined) : undefined;
}

/**
 * Parses the JSON object of a request.
 * @throws {Problem} If it is none (400).
 */
export function parseRecord(bytes: Buffer): JsonRecord {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalid('The request is not valid JSON.', cause);
  }
  if (!isRecord(value)) throw invalid('The JSON of the request is not an object.');
  return value;
}
