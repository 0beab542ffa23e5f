import type { Payload } from '../frame.js';
import { decodeValue } from '../values/codec.js';
import { UndecodableError } from '../values/undecodable.js';
import type { BuiltinError, ErrorRecord, ThrownPart, ThrownValue } from './describe.js';

const CONSTRUCTORS = {
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
} satisfies Partial<Record<BuiltinError, ErrorConstructor>>;

/**
 * The reverse of `describeThrown`. A property that this process cannot decode is left out.
 * @throws {ProtocolError} If an encoded part is malformed.
 */
export function reviveThrown({ root, errors }: ThrownValue): unknown {
  const revived = errors.map(create);
  const decode = (part: ThrownPart): Decoded | undefined => {
    switch (part.kind) {
      case 'error':
        return { value: revived[part.index] };
      case 'value':
        return part;
      case 'encoded':
        return decodePart(part.payload);
      case 'opaque':
        return { value: part.text };
    }
  };
  const resolve = (part: ThrownPart): unknown => (decode(part) ?? UNDECODABLE).value;
  for (const [index, record] of errors.entries()) {
    const error = revived[index];
    if (error === undefined) continue;
    if (record.cause !== undefined) define(error, 'cause', resolve(record.cause));
    if (record.errors !== undefined) define(error, 'errors', record.errors.map(resolve));
    for (const [name, part] of record.properties) {
      const decoded = decode(part);
      if (decoded === undefined) continue;
      const { value } = decoded;
      Object.defineProperty(error, name, { value, enumerable: true, configurable: true, writable: true });
    }
  }
  return resolve(root);
}

interface Decoded {
  readonly value: unknown;
}

const UNDECODABLE: Decoded = { value: '[a value that this process cannot decode]' };

function decodePart(payload: Payload): Decoded | undefined {
  try {
    return { value: decodeValue(payload) };
  } catch (error) {
    if (error instanceof UndecodableError) return undefined;
    throw error;
  }
}

function create({ builtin, name, message, stack }: ErrorRecord): Error {
  const error = construct(builtin, name, message);
  if (error.name !== name) define(error, 'name', name);
  define(error, 'stack', stack ?? `${name}: ${message}`);
  return error;
}

function construct(builtin: BuiltinError, name: string, message: string): Error {
  if (builtin === 'DOMException') return new DOMException(message, name);
  if (builtin === 'AggregateError') return new AggregateError([], message);
  return new CONSTRUCTORS[builtin](message);
}

/** Not enumerable, as JavaScript itself defines these properties. */
function define(error: Error, name: string, value: unknown): void {
  Object.defineProperty(error, name, { value, enumerable: false, configurable: true, writable: true });
}
