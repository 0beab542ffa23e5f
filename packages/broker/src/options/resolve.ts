import { randomUUID } from 'node:crypto';

import { InvalidOptionError } from '../errors.js';
import type { CallOptions, CommonOptions, Environment, OutputOption } from './options.js';
import {
  count,
  duration,
  group,
  isNonEmptyString,
  isNumberFrom0,
  isStringArray,
  optional,
  positiveCount,
  type ReadBy,
  type Reader,
  record,
  required,
  timeLimit,
  wholeNumber,
} from './reader.js';
import { processes } from './resolve-processes.js';
import { sharedMemory } from './resolve-shared-memory.js';
import { isTraceparent, TRACEPARENT } from './traceparent.js';
import { isUrl } from './url.js';

const MIB = 1024 * 1024;
/** A process with an empty pipeline takes about 50 MiB. */
const LEAST_MEMORY = 64 * MIB;
const MAX_BATCH = 65_536;
const ENVIRONMENT = 'an object of strings, or a function that returns one';
const FLAGS = 'an array of strings, or a function that returns one';

/** How the calls of one method make batches. @param name Of the method. */
const batchReaders = (name: string) => ({
  method: required(
    'the name of another method',
    (value): value is string => isNonEmptyString(value) && value !== name,
  ),
  maxSize: wholeNumber(32, 1, MAX_BATCH),
  maxDelay: optional("milliseconds from 0, Infinity or 'auto'", 'auto' as const, isDelay),
});

/** The options of a broker. Their documentation is in `options.ts`. */
const brokerReaders = {
  args: optional<readonly unknown[], readonly unknown[]>('an array', [], Array.isArray),
  export: optional('the name of an export', undefined, isNonEmptyString),
  expose: optional('an array of method names', undefined, isStringArray),
  processes,
  concurrency: positiveCount(1),
  batch: record((name) => group(batchReaders(name))),
  maxQueue: count(10_000),
  maxQueueBytes: count(256 * MIB),
  maxMessageBytes: count(1024 * MIB),
  startTimeout: timeLimit(600_000),
  timeout: timeLimit(Infinity),
  queueTimeout: duration(Infinity),
  restart: group({
    limit: count(5),
    within: duration(60_000),
    minDelay: duration(50),
    maxDelay: duration(5_000),
    atStart: count(0),
  }),
  killDelay: group({ timeout: duration(2_000), cancel: duration(30_000) }),
  recycle: group({
    afterCalls: positiveCount(Infinity),
    aboveMemory: positiveCount(Infinity),
    afterMs: positiveCount(Infinity),
  }),
  limits: group({ memory: optional('bytes from 64 MiB, or Infinity', Infinity, isMemoryLimit) }),
  keep: group({ results: count(1_000), bytes: count(64 * MIB), forMs: duration(300_000) }),
  env: optional(ENVIRONMENT, {}, isEnvironmentOption),
  execArgv: optional(FLAGS, undefined, isFlagsOption),
  execPath: optional('the path of a Node executable', undefined, isNonEmptyString),
  cwd: optional('a directory', undefined, isNonEmptyString),
  sharedMemory,
  output: optional("'inherit', 'ignore' or a function", 'inherit', isOutput),
  watch: optional('true or false', false, isBoolean),
  workerPath: optional('a path or a file URL', undefined, isPathOrUrl),
} satisfies Record<keyof CommonOptions | 'args' | 'batch' | 'expose', Reader<unknown>>;

/** The options of one call. A limit that is not given is the broker's. */
const callReaders = {
  key: optional('a non-empty string', undefined, isNonEmptyString),
  signal: optional('an AbortSignal', undefined, isAbortSignal),
  timeout: timeLimit(undefined),
  queueTimeout: duration(undefined),
  priority: optional('a finite number', 0, isFiniteNumber),
  retries: count(0),
  affinity: optional('a non-empty string', undefined, isNonEmptyString),
  onProgress: optional('a function', undefined, isListener),
  traceparent: optional(TRACEPARENT, undefined, isTraceparent),
} satisfies Record<keyof CallOptions, Reader<unknown>>;

const readBroker = group(brokerReaders, callReaders, 'a call: call(method, args, options)');
const readCall = group(callReaders, brokerReaders, 'the broker');
const readClose = group({ timeout: duration(Infinity) });

/** Every option of a broker, with its default filled in. */
export interface ResolvedOptions extends Omit<ReadBy<typeof brokerReaders>, 'env' | 'execArgv'> {
  /** By the index of the process. */
  readonly env: readonly Environment[];
  /** By the index of the process; `undefined` for the flags of this process. */
  readonly execArgv: readonly (readonly string[] | undefined)[];
  /** A random UUID. The keys of calls that were given none are derived from it. */
  readonly keySeries: string;
  /** The options of a call that is given none. */
  readonly callDefaults: ResolvedCallOptions;
}

/** How the calls of one method make batches, with every default filled in. */
export type ResolvedBatch = ReadBy<ReturnType<typeof batchReaders>>;

/** Every option of a call, with its default filled in. */
export interface ResolvedCallOptions extends ReadBy<typeof callReaders> {
  readonly timeout: number;
  readonly queueTimeout: number;
}

/**
 * Checks the options of a broker and fills in their defaults.
 * @throws {InvalidOptionError} Names the option and the accepted range.
 */
export function resolveOptions(options: unknown): ResolvedOptions {
  const read = readBroker(options, '');
  const { timeout, queueTimeout } = read;
  return {
    ...read,
    env: environments(read.env, read.processes.max),
    execArgv: flags(read.execArgv, read.processes.max),
    keySeries: randomUUID(),
    callDefaults: { ...readCall({}, ''), timeout, queueTimeout },
  };
}

/**
 * Checks the options of one call and fills in the broker's defaults.
 * @throws {InvalidOptionError} Names the option and the accepted range.
 */
export function resolveCallOptions(
  options: CallOptions | undefined,
  { callDefaults }: Pick<ResolvedOptions, 'callDefaults'>,
): ResolvedCallOptions {
  if (options === undefined) return callDefaults;
  const read = readCall(options, '');
  const { timeout = callDefaults.timeout, queueTimeout = callDefaults.queueTimeout } = read;
  return { ...read, timeout, queueTimeout };
}

/**
 * The `timeout` of `close`, in ms.
 * @throws {InvalidOptionError} Names the option and the accepted range.
 */
export function resolveCloseTimeout(options: unknown): number {
  return readClose(options, '').timeout;
}

function environments(env: Environment | ((index: number) => unknown), length: number): Environment[] {
  return Array.from({ length }, (_, index) => {
    const made: unknown = typeof env === 'function' ? env(index) : env;
    if (isEnvironment(made)) return made;
    const message = `env must be ${ENVIRONMENT}; for process ${index} it returned something else`;
    const wrong = wrongVariable(made);
    throw wrong ?? new InvalidOptionError('env', message);
  });
}

function flags(
  execArgv: readonly string[] | ((index: number) => unknown) | undefined,
  length: number,
): (readonly string[] | undefined)[] {
  return Array.from({ length }, (_, index) => {
    const made: unknown = typeof execArgv === 'function' ? execArgv(index) : execArgv;
    if (made === undefined || isStringArray(made)) return made;
    const message = `execArgv must be ${FLAGS}; for process ${index} it returned something else`;
    throw new InvalidOptionError('execArgv', message);
  });
}

function isFlagsOption(value: unknown): value is readonly string[] | ((index: number) => unknown) {
  return typeof value === 'function' || isStringArray(value);
}

/** @throws {InvalidOptionError} Names a variable that is no string. */
function isEnvironmentOption(value: unknown): value is Environment | ((index: number) => unknown) {
  const wrong = wrongVariable(value);
  if (wrong !== undefined) throw wrong;
  return typeof value === 'function' || isEnvironment(value);
}

function isEnvironment(value: unknown): value is Environment {
  return typeof value === 'object' && value !== null && wrongVariable(value) === undefined;
}

/** The error about the first variable that is no string. */
function wrongVariable(environment: unknown): InvalidOptionError | undefined {
  if (typeof environment !== 'object' || environment === null) return undefined;
  for (const [name, value] of Object.entries(environment) as [string, unknown][]) {
    if (value === undefined || typeof value === 'string') continue;
    const message = `env.${name} must be a string, as all variables of an environment are, not of type ${typeof value}`;
    return new InvalidOptionError('env', message);
  }
  return undefined;
}

function isDelay(value: unknown): value is number | 'auto' {
  return value === 'auto' || isNumberFrom0(value);
}

function isMemoryLimit(value: unknown): value is number {
  return typeof value === 'number' && value >= LEAST_MEMORY;
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function isFiniteNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

/** Not by its class: it may come from another realm, or from a library. */
function isAbortSignal(value: unknown): value is AbortSignal {
  if (typeof value !== 'object' || value === null) return false;
  return (
    typeof Reflect.get(value, 'aborted') === 'boolean' &&
    typeof Reflect.get(value, 'addEventListener') === 'function'
  );
}

function isListener(value: unknown): value is (value: unknown) => void {
  return typeof value === 'function';
}

function isOutput(value: unknown): value is OutputOption {
  return value === 'inherit' || value === 'ignore' || typeof value === 'function';
}

function isPathOrUrl(value: unknown): value is string | URL {
  return isNonEmptyString(value) || isUrl(value);
}
