import { randomUUID } from 'node:crypto';

import type { SharedMemorySettings } from '../channel/shared/layout.js';
import { InvalidOptionError } from '../errors.js';
import { OptionReader } from './option-reader.js';
import type {
  BatchOptions,
  CallOptions,
  Environment,
  KeepOptions,
  KillDelayOptions,
  OutputOption,
  RecycleOptions,
  RestartOptions,
} from './options.js';
import { resolveSharedMemory } from './resolve-shared-memory.js';
import { isTraceparent, TRACEPARENT } from './traceparent.js';

/** Options with every default filled in. */
export type Resolved<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> };

/** How calls of one method make batches, with every default filled in. */
export type ResolvedBatch = Resolved<BatchOptions>;

/** Every option with its default filled in. */
export interface ResolvedOptions {
  readonly args: readonly unknown[];
  readonly export: string | undefined;
  readonly expose: readonly string[] | undefined;
  readonly processes: number;
  readonly concurrency: number;
  /** By the method whose calls make batches. */
  readonly batch: Readonly<Record<string, ResolvedBatch>>;
  readonly maxQueue: number;
  readonly maxQueueBytes: number;
  readonly maxMessageBytes: number;
  readonly startTimeout: number;
  readonly timeout: number;
  readonly queueTimeout: number;
  readonly restart: Resolved<RestartOptions>;
  readonly killDelay: Resolved<KillDelayOptions>;
  readonly recycle: Resolved<RecycleOptions>;
  readonly keep: Resolved<KeepOptions>;
  /** One for each process. */
  readonly env: readonly Environment[];
  readonly execArgv: readonly string[] | undefined;
  readonly cwd: string | undefined;
  /** `undefined`: not used. */
  readonly sharedMemory: SharedMemorySettings | undefined;
  readonly output: OutputOption;
  readonly workerPath: string | URL | undefined;
  /** A random UUID, which the keys are derived from of calls that are given none. */
  readonly keySeries: string;
  /** The options of a call that is given none. */
  readonly callDefaults: ResolvedCallOptions;
}

const MIB = 1024 * 1024;
const MAX_PROCESSES = 1024;
const MAX_BATCH = 65_536;

/**
 * Checks options and fills in defaults.
 * @throws InvalidOptionError naming the option and the accepted range.
 */
export function resolveOptions(options: unknown): ResolvedOptions {
  const given = new OptionReader('', options);
  const restart = given.group('restart');
  const killDelay = given.group('killDelay');
  const recycle = given.group('recycle');
  const keep = given.group('keep');
  const processes = given.size('processes', 1, MAX_PROCESSES);
  const timeout = given.limit('timeout', Infinity);
  const queueTimeout = given.duration('queueTimeout', Infinity);
  const resolved: ResolvedOptions = {
    args: given.custom('args', 'an array', [], Array.isArray),
    export: given.custom('export', 'the name of an export', undefined, isNonEmptyString),
    expose: given.custom('expose', 'an array of method names', undefined, isStringArray),
    processes,
    concurrency: given.atLeastOne('concurrency', 1),
    batch: resolveBatches(given.group('batch')),
    maxQueue: given.count('maxQueue', 10_000),
    maxQueueBytes: given.count('maxQueueBytes', 256 * MIB),
    maxMessageBytes: given.count('maxMessageBytes', 1024 * MIB),
    startTimeout: given.limit('startTimeout', 600_000),
    timeout,
    queueTimeout,
    restart: {
      limit: restart.count('limit', 5),
      within: restart.duration('within', 60_000),
      minDelay: restart.duration('minDelay', 50),
      maxDelay: restart.duration('maxDelay', 5_000),
    },
    killDelay: {
      timeout: killDelay.duration('timeout', 2_000),
      cancel: killDelay.duration('cancel', 30_000),
    },
    recycle: {
      afterCalls: recycle.atLeastOne('afterCalls', Infinity),
      aboveMemory: recycle.atLeastOne('aboveMemory', Infinity),
      afterMs: recycle.atLeastOne('afterMs', Infinity),
    },
    keep: {
      results: keep.count('results', 1_000),
      bytes: keep.count('bytes', 64 * MIB),
      forMs: keep.duration('forMs', 300_000),
    },
    env: environments(given, processes),
    execArgv: given.custom('execArgv', 'an array of strings', undefined, isStringArray),
    cwd: given.custom('cwd', 'a directory', undefined, isNonEmptyString),
    sharedMemory: resolveSharedMemory(given),
    output: given.custom('output', "'inherit', 'ignore' or a function", 'inherit', isOutput),
    workerPath: given.custom('workerPath', 'a path or a file URL', undefined, isPathOrUrl),
    keySeries: randomUUID(),
    callDefaults: {
      key: undefined,
      signal: undefined,
      timeout,
      queueTimeout,
      priority: 0,
      retries: 0,
      affinity: undefined,
      onProgress: undefined,
      traceparent: undefined,
    },
  };
  for (const group of [given, restart, killDelay, recycle, keep]) group.rejectUnknown();
  return resolved;
}

/** A call's own options with the broker's defaults filled in. */
export interface ResolvedCallOptions {
  readonly key: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly timeout: number;
  readonly queueTimeout: number;
  readonly priority: number;
  readonly retries: number;
  readonly affinity: string | undefined;
  readonly onProgress: ((value: unknown) => void) | undefined;
  readonly traceparent: string | undefined;
}

/**
 * Checks one call's options and fills in the broker's defaults.
 * @throws InvalidOptionError naming the option and the accepted range.
 */
export function resolveCallOptions(
  options: CallOptions | undefined,
  defaults: Pick<ResolvedOptions, 'timeout' | 'queueTimeout' | 'callDefaults'>,
): ResolvedCallOptions {
  if (options === undefined) return defaults.callDefaults;
  const given = new OptionReader('', options);
  const resolved = {
    key: given.custom('key', 'a non-empty string', undefined, isNonEmptyString),
    signal: given.custom('signal', 'an AbortSignal', undefined, isAbortSignal),
    timeout: given.limit('timeout', defaults.timeout),
    queueTimeout: given.duration('queueTimeout', defaults.queueTimeout),
    priority: given.custom('priority', 'a finite number', 0, isFiniteNumber),
    retries: given.count('retries', 0),
    affinity: given.custom('affinity', 'a non-empty string', undefined, isNonEmptyString),
    onProgress: given.custom('onProgress', 'a function', undefined, isListener),
    traceparent: given.custom('traceparent', TRACEPARENT, undefined, isTraceparent),
  };
  given.rejectUnknown();
  return resolved;
}

/**
 * How long `close` waits, in ms.
 * @throws InvalidOptionError naming the option and the accepted range.
 */
export function resolveCloseTimeout(options: unknown): number {
  const given = new OptionReader('', options);
  const timeout = given.duration('timeout', Infinity);
  given.rejectUnknown();
  return timeout;
}

function isNonEmptyString(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isStringArray(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isFiniteNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

function isAbortSignal(value: unknown): value is AbortSignal {
  return value instanceof AbortSignal;
}

function isListener(value: unknown): value is (value: unknown) => void {
  return typeof value === 'function';
}

function resolveBatches(given: OptionReader): Record<string, ResolvedBatch> {
  const entries = given.names.map((name): [string, ResolvedBatch] => {
    const batch = given.group(name);
    const isAnother = (value: unknown): value is string => isNonEmptyString(value) && value !== name;
    const resolved = {
      method: batch.required('method', 'the name of another method', isAnother),
      maxSize: batch.size('maxSize', 32, MAX_BATCH),
      maxDelay: batch.custom('maxDelay', "milliseconds from 0, Infinity or 'auto'", 'auto' as const, isDelay),
    };
    batch.rejectUnknown();
    return [name, resolved];
  });
  return Object.fromEntries(entries);
}

function isDelay(value: unknown): value is number | 'auto' {
  return value === 'auto' || (typeof value === 'number' && value >= 0);
}

function environments(given: OptionReader, processes: number): Environment[] {
  const accepted = 'an object of strings, or a function that returns one';
  const env = given.custom('env', accepted, {}, isEnvironmentOption);
  const indexes = Array.from({ length: processes }, (_, index) => index);
  if (typeof env !== 'function') return indexes.map(() => env);
  return indexes.map((index) => {
    const made: unknown = env(index);
    if (isEnvironment(made)) return made;
    throw new InvalidOptionError(
      'env',
      `env must be ${accepted}; for process ${index} it returned something else`,
    );
  });
}

function isEnvironmentOption(value: unknown): value is Environment | ((index: number) => unknown) {
  return typeof value === 'function' || isEnvironment(value);
}

function isEnvironment(value: unknown): value is Environment {
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).every((item) => item === undefined || typeof item === 'string');
}

function isOutput(value: unknown): value is OutputOption {
  return value === 'inherit' || value === 'ignore' || typeof value === 'function';
}

function isPathOrUrl(value: unknown): value is string | URL {
  return isNonEmptyString(value) || value instanceof URL;
}
