/** The errors that the state or the end of a process causes, in words. Those of a call stand in `call/call-errors.ts`. */
import { inspect } from 'node:util';

import type { PendingCall } from '../call/pending-call.js';
import { type BrokerErrorDetails, PipelineStartError, ProcessExitError, ProtocolError } from '../errors.js';
import type { ProcessExit } from './exit.js';

/** Why the pipeline cannot be brought up. Every caller who asks gets an error of its own, made of this. */
export interface StartFailureReason {
  readonly message: string;
  readonly exit: ProcessExit;
}

/** @param wasUp Whether the pipeline had been ready before the process ended. */
export function startFailure(exit: ProcessExit, wasUp: boolean): StartFailureReason {
  if (wasUp) {
    const last = `the last time, ${nameOf(exit)} ${describeExit(exit)}`;
    return { message: `the pipeline was given up after too many restarts; ${last}`, exit };
  }
  return { message: `the pipeline could not be started: ${whyNotStarted(exit)}`, exit };
}

function whyNotStarted(exit: ProcessExit): string {
  const { reason, cause } = exit;
  const isKnown = reason === 'start' || reason === 'fatal' || reason === 'memory';
  if (isKnown && cause instanceof Error) return `${cause.message}${placeOf(cause, exit)}`;
  if (reason === 'start') return `its module or constructor threw ${inspect(cause)}, which is no Error`;
  return `${nameOf(exit)} ${describeExit(exit)} before the pipeline was constructed${lastLine(exit)}`;
}

/** Where the syntax of a file is wrong. Node prints the place, but the error does not have it. */
function placeOf({ name }: Error, { stderr }: ProcessExit): string {
  if (name !== 'SyntaxError') return '';
  const place = [...stderr.matchAll(/^((?:file:|[a-z]:\\|\/).*:\d+)$/gim)].at(-1)?.[1];
  return place === undefined ? '' : ` (at ${place})`;
}

const MAX_LINE = 200;

/** What Node says last, for example that it does not know a flag. */
function lastLine({ stderr }: ProcessExit): string {
  const line = stderr.trimEnd().split('\n').at(-1) ?? '';
  return line === '' ? '' : `; the last line of its stderr: ${line.slice(0, MAX_LINE)}`;
}

/** @param tries Number of processes that were started in vain. */
export function afterTries({ message, exit }: StartFailureReason, tries: number): StartFailureReason {
  return { message: `${message} (${tries === 1 ? 'tried once' : `tried ${tries} times`})`, exit };
}

export function startError(
  { message, exit }: StartFailureReason,
  details?: BrokerErrorDetails,
): PipelineStartError {
  return new PipelineStartError(message, { ...details, ...exitDetails(exit) });
}

/** The error of a call that may have started when its process ended. */
export function lostCallError(call: PendingCall, exit: ProcessExit): ProcessExitError | ProtocolError {
  const details = { ...call.details(), ...exitDetails(exit), started: true };
  if (exit.reason === 'protocol' && exit.cause instanceof ProtocolError) {
    return new ProtocolError(exit.cause.message, details);
  }
  const code = exit.reason === 'memory' ? 'ERR_DUAL_MEMORY_LIMIT' : 'ERR_DUAL_PROCESS_EXIT';
  const message = `${nameOf(exit)} ${describeExit(exit)} while it ran ${call.name}`;
  return new ProcessExitError(message, details, code);
}

/** The error of a call that never started, but was the next one to start when two processes ended. */
export function suspectError(call: PendingCall, exit: ProcessExit): ProcessExitError {
  const details = { ...call.details(), ...exitDetails(exit), started: false, suspect: true };
  const why = `two processes ended when ${call.name} was to start, and they ran no other call`;
  return new ProcessExitError(`${why}; the second time, ${nameOf(exit)} ${describeExit(exit)}`, details);
}

/** @param used In bytes, like the limit. */
export function memoryLimitError(used: number, limit: number): Error {
  return new Error(
    `the process used ${mebibytes(used)} of memory, and limits.memory is ${mebibytes(limit)}: raise the limit, or give it less to do at once`,
  );
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}

export function notConstructedError(startTimeout: number): Error {
  return new Error(`the pipeline was not constructed within ${startTimeout} ms (option startTimeout)`);
}

export function missingDirectoryError(cwd: string): PipelineStartError {
  return new PipelineStartError(`the option 'cwd' names a directory that does not exist: ${cwd}`);
}

/** @param flags Those that would grant what is missing. */
export function missingPermissionsError(flags: readonly string[]): PipelineStartError {
  return new PipelineStartError(
    `Node's permission model does not allow this program to run a pipeline: start it with ${flags.join(' ')} too`,
  );
}

export function missingEntryError(entry: string): PipelineStartError {
  const advice = "give the path of a copy, or require.resolve('@dual/broker/child')";
  return new PipelineStartError(
    `the child's entry file (option workerPath) does not exist: ${entry}. If a bundler has moved it, ${advice}`,
  );
}

export function notNodeError(why: string): PipelineStartError {
  const advice = "give the path of a Node executable as option 'execPath'";
  return new PipelineStartError(`${why}, and its executable cannot run the pipeline's process: ${advice}`);
}

export function noLoaderError(module: string, cause: unknown): PipelineStartError {
  const advice = 'install tsx beside it (npm install tsx), or give a compiled module';
  return new PipelineStartError(`${module} is TypeScript, which this Node cannot run: ${advice}`, { cause });
}

export function noPipesError(cause: unknown): Error {
  return new Error('no pipes could be made to the child process: are too many files open?', { cause });
}

function nameOf({ pid }: ProcessExit): string {
  return pid === undefined ? 'the process of the pipeline' : `the process of the pipeline (pid ${pid})`;
}

function exitDetails({ pid, exitCode, signal, stderr, cause }: ProcessExit): BrokerErrorDetails {
  const details = { pid, exitCode, signal, stderr: stderr === '' ? undefined : stderr };
  return cause === undefined ? details : { ...details, cause };
}

/** The end of the process, as the predicate of a sentence. */
function describeExit({ exitCode, signal, stderr, reason }: ProcessExit): string {
  if (reason === 'overdue') return 'was killed, because it went on with a call that was abandoned';
  if (reason === 'protocol') return 'was killed, because it broke the protocol of the channel';
  if (reason === 'memory') return 'was ended, because it used more memory than limits.memory allows,';
  if (reason === 'fatal') return 'ended itself after an uncaught error that came from no running call';
  const [, outOfMemory] = OUT_OF_MEMORY.find(([message]) => message.test(stderr)) ?? [];
  if (signal !== undefined) return `was ended by ${signal}${outOfMemory ?? HINTS[signal] ?? ''}`;
  if (exitCode !== undefined) return `exited with code ${exitCode}${outOfMemory ?? ''}`;
  return 'could not be spawned';
}

/** The messages on stderr with which V8 and the C++ library end a process that is out of memory. */
const OUT_OF_MEMORY: readonly (readonly [RegExp, string])[] = [
  [/JavaScript heap out of memory/, ' (JavaScript heap out of memory)'],
  [/Fatal (process|JavaScript) (out of memory|OOM)/i, ' (V8 ran out of memory)'],
  [/std::bad_alloc/, ' (native code ran out of memory)'],
];

const NATIVE_CRASH = ' (a crash in native code)';
const HINTS: Partial<Record<NodeJS.Signals, string>> = {
  SIGSEGV: NATIVE_CRASH,
  SIGBUS: NATIVE_CRASH,
  SIGILL: NATIVE_CRASH,
  SIGFPE: NATIVE_CRASH,
  SIGABRT: ' (aborted by native code or by V8)',
  SIGKILL: " (killed from outside, possibly by the kernel's OOM killer)",
};
