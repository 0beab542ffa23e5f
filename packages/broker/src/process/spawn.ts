import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import process from 'node:process';
import { Readable } from 'node:stream';

import { exists, isDenied } from '../access.js';
import { LIFELINE_FD, TO_CHILD_FD } from '../channel/descriptors.js';
import type { Environment } from '../options/options.js';
import type { ResolvedOptions } from '../options/resolve.js';
import { childFile } from './child-file.js';
import { executable } from './executable.js';
import { inheritedFlags, inheritedOptions, loaderFlags } from './node-flags.js';
import { missingDirectoryError, noPipesError } from './process-errors.js';
import type { Wire } from './wire.js';

/** A child process and the parent's ends of its pipes. None of them keeps the program running. */
export interface SpawnedChild {
  readonly process: ChildProcess;
  /** Frames from the child. */
  readonly input: Socket;
  /** Frames to the child. */
  readonly output: Socket;
  /** Held open as long as this process lives. When it closes, the child ends itself. */
  readonly lifeline: Socket;
  readonly stdout: Readable;
  readonly stderr: Readable;
}

export type SpawnOptions = Pick<ResolvedOptions, 'execPath' | 'cwd' | 'workerPath'> & {
  /** Node's flags; `undefined` for those of this process. */
  readonly execArgv: readonly string[] | undefined;
  readonly module: string;
  readonly env: Environment;
  /** File descriptor of the shared memory. */
  readonly memory: number | undefined;
};

/**
 * Starts a child that waits for its first message, and sends its own messages over the wire. If the system fails to start
 * it, this either throws or the process emits `error`.
 * @throws {PipelineStartError} If it can never be started: the module needs a loader that does not exist, or the working
 * directory or the entry file does not exist.
 */
export function spawnChild(options: SpawnOptions, wire: Wire): SpawnedChild {
  try {
    return spawnWith(options, wire);
  } catch (error) {
    wire.ours.destroy();
    throw error;
  } finally {
    // The child has its own copy now. As long as this one is open, the child's end would go unnoticed.
    wire.theirs.destroy();
  }
}

function spawnWith(
  { module, memory, execArgv, execPath, env, cwd, workerPath }: SpawnOptions,
  { ours: input, theirs }: Wire,
): SpawnedChild {
  if (cwd !== undefined && exists(cwd) === false) throw missingDirectoryError(cwd);
  const entry = childFile(workerPath);
  checkDescriptors(entry);
  const flags = [...(execArgv ?? inheritedFlags(cwd)), ...loaderFlags(module)];
  const { file, env: itsEnv } = executable(execPath);
  const child = spawn(file, [...flags, entry], {
    stdio: ['ignore', 'pipe', 'pipe', theirs, 'pipe', 'pipe', memory ?? 'ignore'],
    env: { ...process.env, ...inheritedOptions(cwd), ...itsEnv, ...env },
    // A process group of its own: Ctrl-C, and other signals to the parent's group, are for the parent to act on.
    detached: process.platform !== 'win32',
    windowsHide: true,
    ...(cwd !== undefined && { cwd }),
  });
  child.unref();
  // If the pipes below are missing, no other listener will be added.
  child.on('error', () => undefined);
  // Node's types know five descriptors. They do not know that all are missing if the first could not be had.
  const stdio: unknown = Reflect.get(child, 'stdio');
  const pipes: readonly unknown[] = Array.isArray(stdio) ? stdio : [];
  const [, stdout, stderr] = pipes;
  const output = pipes[TO_CHILD_FD];
  const lifeline = pipes[LIFELINE_FD];
  for (const pipe of pipes) if (isSocket(pipe)) pipe.on('error', () => undefined);
  if (
    !isSocket(output) ||
    !isSocket(lifeline) ||
    !(stdout instanceof Readable) ||
    !(stderr instanceof Readable)
  ) {
    if (child.pid !== undefined) child.kill('SIGKILL');
    for (const pipe of pipes) if (isSocket(pipe)) pipe.destroy();
    throw noPipesError(undefined);
  }
  for (const socket of [input, output, lifeline, stdout, stderr]) if (isSocket(socket)) socket.unref();
  return { process: child, input, output, lifeline, stdout, stderr };
}

/** Of the four pipes to a child, both ends, and a pipe that libuv uses meanwhile. */
const DESCRIPTORS = 10;

/**
 * If the descriptors run out in the middle of a spawn, Node never closes those that it has opened. So they are counted
 * before.
 * @param file One that this process can read.
 * @throws {Error} If there are too few.
 */
function checkDescriptors(file: string): void {
  const opened: number[] = [];
  try {
    for (let i = 0; i < DESCRIPTORS; i += 1) opened.push(openSync(file, 'r'));
  } catch (cause) {
    // Node's permission model need not let this process read what the child reads.
    if (!isDenied(cause)) throw noPipesError(cause);
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}

function isSocket(stream: unknown): stream is Socket {
  return stream instanceof Socket;
}
