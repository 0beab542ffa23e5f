import type { PendingCall } from '../call/call.js';
import { type BrokerError, type BrokerErrorDetails, ProcessExitError, ProtocolError } from '../errors.js';

/** How a child process ended. */
export interface ProcessExit {
  /** Which of the broker's processes, from 0. */
  readonly index: number;
  /** `undefined` where it could not even be spawned. */
  readonly pid: number | undefined;
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** The last lines it wrote to stderr. */
  readonly stderr: string;
  /**
   * Why: `requested` by the broker (`close()`); `overdue`: killed, since it went on with a call nobody waited
   * for; `start`: the pipeline could not be brought up; `fatal`: an error that nobody caught, and that no
   * running call was to blame for; `protocol`: it broke the channel's protocol; `crash`: anything else.
   */
  readonly reason: 'requested' | 'overdue' | 'start' | 'fatal' | 'protocol' | 'crash';
  /** Whether a replacement cannot fare better, as where the module does not exist. */
  readonly permanent: boolean;
  /** The error behind it, where one is known. */
  readonly cause?: unknown;
}

/** What happened to the process, as the predicate of a sentence. */
export function describeExit({ exitCode, signal, stderr, reason }: ProcessExit): string {
  if (reason === 'overdue') return 'was killed, since it went on with a call that nobody waited for any more';
  if (reason === 'protocol') return 'was killed, since it broke the protocol of the channel';
  if (reason === 'fatal') return 'ended itself after an error that no running call was to blame for';
  const [, outOfMemory] = OUT_OF_MEMORY.find(([said]) => said.test(stderr)) ?? [];
  if (signal !== undefined) return `was ended by ${signal}${outOfMemory ?? HINTS[signal] ?? ''}`;
  if (exitCode !== undefined) return `exited with code ${exitCode}${outOfMemory ?? ''}`;
  return 'could not be spawned';
}

/** What V8, and the C++ library, say on stderr when they end a process for want of memory. */
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
  SIGABRT: ' (aborted, by native code or by V8)',
  SIGKILL: ' (by somebody, or by the kernel for want of memory)',
};

/** What an error about it says of the process. */
export function exitDetails({ pid, exitCode, signal, stderr, cause }: ProcessExit): BrokerErrorDetails {
  const details = { pid, exitCode, signal, stderr: stderr === '' ? undefined : stderr };
  return cause === undefined ? details : { ...details, cause };
}

/** The error that a call rejects with, whose process ended while it may have run. */
export function lostCallError(call: PendingCall, exit: ProcessExit): BrokerError {
  const details = { ...call.details(), ...exitDetails(exit), started: true };
  if (exit.reason === 'protocol' && exit.cause instanceof ProtocolError) {
    return new ProtocolError(exit.cause.message, details);
  }
  const who = `the process of the pipeline (pid ${exit.pid ?? 'unknown'})`;
  return new ProcessExitError(`${who} ${describeExit(exit)} while it ran ${call.name}`, details);
}
