import { InvalidOptionError } from './errors.js';
import type { FactoryArgs } from './remote.js';

/** How often, and how fast, a process that ended is replaced. */
export interface RestartOptions {
  /**
   * Restarts in a row, within `within`, after which the broker gives up and is `failed`. A process that has
   * answered a call clears the count; one that the broker itself ended does not count. Default 5; 0 = never
   * restart.
   */
  limit?: number;
  /** The span over which restarts are counted, in ms. Default 60 000. */
  within?: number;
  /** Pause before the first restart, in ms; doubled for each further one, with jitter. Default 50. */
  minDelay?: number;
  /** The longest pause, in ms. Default 5 000. */
  maxDelay?: number;
}

/** How long a process may go on with a call that nobody waits for any more, before it is killed. */
export interface KillDelayOptions {
  /** After a call ran over its `timeout`, in ms. Default 2 000; `Infinity` = never kill. */
  timeout?: number;
  /** After a running call was cancelled, in ms. Default 30 000; `Infinity` = never kill. */
  cancel?: number;
}

/** When a process is replaced between two calls, though nothing is wrong with it. No call is lost by it. */
export interface RecycleOptions {
  /** After so many calls. Default `Infinity`. */
  afterCalls?: number;
  /** Above so many bytes of resident memory, which native memory is part of. Default `Infinity`. */
  aboveMemory?: number;
  /** After so many ms. Default `Infinity`. */
  afterMs?: number;
}

/** Which settled calls `get(key)` still finds. */
export interface KeepOptions {
  /** How many. Default 1 000. */
  results?: number;
  /** How many bytes of results, as received, altogether. Default 64 MiB. */
  bytes?: number;
  /** How long after they settled, in ms. Default 300 000. */
  forMs?: number;
}

/** One line of a child's output. */
export interface OutputInfo {
  /** Which of its streams. */
  stream: 'stdout' | 'stderr';
  /** The child's process id. */
  pid: number;
}

/** Where a child's stdout and stderr go. A function is called once a line, without the line end. */
export type OutputOption = 'inherit' | 'ignore' | ((line: string, info: OutputInfo) => void);

/** Options of a broker that do not depend on its pipeline. */
export interface CommonOptions {
  /** The export of the module that makes the pipeline. Default: `default`, else `makePipeline`. */
  export?: string;
  /** The only methods that may be called. Default: all public methods of the pipeline. */
  expose?: readonly string[];
  /** Calls that may wait. Default 10 000. */
  maxQueue?: number;
  /** Bytes of arguments that may wait. Default 256 MiB. */
  maxQueueBytes?: number;
  /** Longest single message in either direction, in bytes. Default 1 GiB. */
  maxMessageBytes?: number;
  /** How long module and constructor may take, in ms. Default 600 000 (models load for minutes). */
  startTimeout?: number;
  /** How long a call may run, in ms, unless the call says otherwise. Default `Infinity`. */
  timeout?: number;
  /** How long a call may wait, in ms, unless the call says otherwise. Default `Infinity`. */
  queueTimeout?: number;
  restart?: RestartOptions;
  killDelay?: KillDelayOptions;
  recycle?: RecycleOptions;
  keep?: KeepOptions;
  /** Variables added to the environment the child inherits; `undefined` removes one. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Node's own flags for the child. Default: those of this process, without the inspector's. */
  execArgv?: readonly string[];
  /** The child's working directory. Default: that of this process. */
  cwd?: string;
  /** Where the child's output goes. Default `'inherit'`. */
  output?: OutputOption;
  /** File of the child's entry, where a bundler moved it. Default: the one in this package. */
  workerPath?: string | URL;
}

/** Options of a broker whose pipeline is made by the export `C`. */
export type BrokerOptions<C> = CommonOptions &
  ([] extends FactoryArgs<C>
    ? {
        /** What the pipeline is constructed with. */
        args?: Readonly<FactoryArgs<C>>;
      }
    : {
        /** What the pipeline is constructed with. */
        args: Readonly<FactoryArgs<C>>;
      });

/** Options, which may be left out where the pipeline is made without arguments. */
export type OptionsArg<C> =
  [] extends FactoryArgs<C> ? [options?: BrokerOptions<C>] : [options: BrokerOptions<C>];

/** Options of one call. */
export interface CallOptions {
  /**
   * Names the call. A key in flight joins the call that has it when method and arguments agree, and is a
   * `DuplicateKeyError` otherwise. Default: a random UUID.
   */
  key?: string;
  /** Cancels the call. */
  signal?: AbortSignal;
  /** How long the call may run, in ms; the clock starts when it starts. Default: the broker's. */
  timeout?: number;
  /** How long the call may wait, in ms; the clock starts when it is submitted. Default: the broker's. */
  queueTimeout?: number;
  /** Higher goes first; equals go in the order they were submitted. Default 0. */
  priority?: number;
  /** How often the call may run again after its process died under it. Default 0. */
  retries?: number;
}

/** Every option with its default filled in. */
export interface ResolvedOptions {
  readonly args: readonly unknown[];
  readonly export: string | undefined;
  readonly expose: readonly string[] | undefined;
  readonly maxQueue: number;
  readonly maxQueueBytes: number;
  readonly maxMessageBytes: number;
  readonly startTimeout: number;
  readonly timeout: number;
  readonly queueTimeout: number;
  readonly restart: Readonly<Required<RestartOptions>>;
  readonly killDelay: Readonly<Required<KillDelayOptions>>;
  readonly recycle: Readonly<Required<RecycleOptions>>;
  readonly keep: Readonly<Required<KeepOptions>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly execArgv: readonly string[] | undefined;
  readonly cwd: string | undefined;
  readonly output: OutputOption;
  readonly workerPath: string | URL | undefined;
}

const MIB = 1024 * 1024;

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
  const resolved: ResolvedOptions = {
    args: given.custom('args', 'an array', [], Array.isArray),
    export: given.custom('export', 'the name of an export', undefined, isNonEmptyString),
    expose: given.custom('expose', 'an array of method names', undefined, isStringArray),
    maxQueue: given.count('maxQueue', 10_000),
    maxQueueBytes: given.count('maxQueueBytes', 256 * MIB),
    maxMessageBytes: given.count('maxMessageBytes', 1024 * MIB),
    startTimeout: given.duration('startTimeout', 600_000),
    timeout: given.duration('timeout', Infinity),
    queueTimeout: given.duration('queueTimeout', Infinity),
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
    env: given.custom('env', 'an object of strings', {}, isEnvironment),
    execArgv: given.custom('execArgv', 'an array of strings', undefined, isStringArray),
    cwd: given.custom('cwd', 'a directory', undefined, isNonEmptyString),
    output: given.custom('output', "'inherit', 'ignore' or a function", 'inherit', isOutput),
    workerPath: given.custom('workerPath', 'a path or a file URL', undefined, isPathOrUrl),
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
}

/**
 * Checks one call's options and fills in the broker's defaults.
 * @throws InvalidOptionError naming the option and the accepted range.
 */
export function resolveCallOptions(
  options: CallOptions | undefined,
  defaults: Pick<ResolvedOptions, 'timeout' | 'queueTimeout'>,
): ResolvedCallOptions {
  if (options === undefined) {
    const { timeout, queueTimeout } = defaults;
    return { key: undefined, signal: undefined, timeout, queueTimeout, priority: 0, retries: 0 };
  }
  const given = new OptionReader('', options);
  const resolved = {
    key: given.custom('key', 'a non-empty string', undefined, isNonEmptyString),
    signal: given.custom('signal', 'an AbortSignal', undefined, isAbortSignal),
    timeout: given.duration('timeout', defaults.timeout),
    queueTimeout: given.duration('queueTimeout', defaults.queueTimeout),
    priority: given.custom('priority', 'a finite number', 0, isFiniteNumber),
    retries: given.count('retries', 0),
  };
  given.rejectUnknown();
  return resolved;
}

/**
 * How long `close` waits, in ms.
 * @throws InvalidOptionError naming the option and the accepted range.
 */
export function resolveCloseTimeout(options: unknown): number {
  const given = new OptionReader('', options ?? {});
  const timeout = given.duration('timeout', Infinity);
  given.rejectUnknown();
  return timeout;
}

/** Reads the fields of one options object, remembering which names exist. */
class OptionReader {
  readonly #prefix: string;
  readonly #values: ReadonlyMap<string, unknown>;
  readonly #known = new Set<string>();

  constructor(prefix: string, options: unknown) {
    if (typeof options !== 'object' || options === null || Array.isArray(options)) {
      const name = prefix === '' ? 'options' : prefix.slice(0, -1);
      throw new InvalidOptionError(name, `${name} must be an object, not ${describe(options)}`);
    }
    this.#prefix = prefix;
    this.#values = new Map(Object.entries(options));
  }

  group(name: string): OptionReader {
    return new OptionReader(`${this.#prefix}${name}.`, this.#take(name) ?? {});
  }

  custom<T, D>(name: string, accepted: string, fallback: D, accepts: (value: unknown) => value is T): T | D {
    const value = this.#take(name);
    if (value === undefined) return fallback;
    if (!accepts(value)) throw this.#refuse(name, accepted, value);
    return value;
  }

  /** A whole number from 0, or `Infinity`. */
  count(name: string, fallback: number): number {
    const accepts = (value: unknown): value is number =>
      typeof value === 'number' && value >= 0 && (Number.isSafeInteger(value) || value === Infinity);
    return this.custom(name, 'a whole number from 0, or Infinity', fallback, accepts);
  }

  /** A whole number from 1, or `Infinity`. */
  atLeastOne(name: string, fallback: number): number {
    const accepts = (value: unknown): value is number =>
      typeof value === 'number' && value >= 1 && (Number.isSafeInteger(value) || value === Infinity);
    return this.custom(name, 'a whole number from 1, or Infinity', fallback, accepts);
  }

  /** Milliseconds from 0, or `Infinity`. */
  duration(name: string, fallback: number): number {
    const accepts = (value: unknown): value is number => typeof value === 'number' && value >= 0;
    return this.custom(name, 'milliseconds from 0, or Infinity', fallback, accepts);
  }

  rejectUnknown(): void {
    for (const name of this.#values.keys()) {
      if (this.#known.has(name)) continue;
      const option = this.#prefix + name;
      const known = [...this.#known].map((field) => this.#prefix + field).join(', ');
      throw new InvalidOptionError(option, `unknown option ${option}; there are: ${known}`);
    }
  }

  #take(name: string): unknown {
    this.#known.add(name);
    return this.#values.get(name);
  }

  #refuse(name: string, accepted: string, value: unknown): InvalidOptionError {
    const option = this.#prefix + name;
    return new InvalidOptionError(option, `${option} must be ${accepted}, not ${describe(value)}`);
  }
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined || value === null)
    return String(value);
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
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

function isEnvironment(value: unknown): value is Record<string, string | undefined> {
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).every((item) => item === undefined || typeof item === 'string');
}

function isOutput(value: unknown): value is OutputOption {
  return value === 'inherit' || value === 'ignore' || typeof value === 'function';
}

function isPathOrUrl(value: unknown): value is string | URL {
  return isNonEmptyString(value) || value instanceof URL;
}
