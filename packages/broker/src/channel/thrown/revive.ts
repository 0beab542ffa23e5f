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

/** The reverse of `describeThrown`. */
export function reviveThrown({ root, errors }: ThrownValue): unknown {
  const revived = errors.map(create);
  const resolve = (part: ThrownPart): unknown => {
    switch (part.kind) {
      case 'error':
        return revived[part.index];
      case 'value':
        return part.value;
      case 'opaque':
        return part.text;
    }
  };
  for (const [index, record] of errors.entries()) {
    const error = revived[index];
    if (error === undefined) continue;
    if (record.cause !== undefined) define(error, 'cause', resolve(record.cause));
    if (record.errors !== undefined) define(error, 'errors', record.errors.map(resolve));
    for (const [name, part] of record.properties) {
      Object.defineProperty(error, name, {
        value: resolve(part),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
  }
  return resolve(root);
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
