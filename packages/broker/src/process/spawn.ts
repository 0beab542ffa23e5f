import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Socket } from 'node:net';
import process from 'node:process';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { LIFELINE_FD, TO_CHILD_FD } from '../channel/descriptors.js';
import { PipelineStartError } from '../errors.js';
import type { Environment } from '../options/options.js';
import type { ResolvedOptions } from '../options/resolve.js';
import { inheritedFlags, loaderFlags } from './module.js';
import type { Wire } from './wire.js';

/** A child process and the parent's ends of its pipes. None of them keeps the program running. */
export interface SpawnedChild {
  readonly process: ChildProcess;
  /** Frames from it. */
  readonly input: Socket;
  /** Frames to it. */
  readonly output: Socket;
  /** The descriptor of `output`, where it can be known. */
  readonly outputFd: number | undefined;
  /** Held open for as long as this process lives: the child ends when it ends. */
  readonly lifeline: Socket;
  readonly stdout: Readable;
  readonly stderr: Readable;
}

export type SpawnOptions = Pick<ResolvedOptions, 'execArgv' | 'cwd' | 'workerPath'> & {
  readonly module: string;
  readonly env: Environment;
  /** Descriptor of the memory that is shared with it. */
  readonly memory: number | undefined;
};

/**
 * Starts a child that waits for its first message on the channel, and sends its own over the wire. A failure of the
 * system to start it is either thrown or told by the process's `error` event.
 * @throws PipelineStartError where it could never be started: the module needs a loader that is not there, or
 * the working directory does not exist; system errors.
 */
export function spawnChild(options: SpawnOptions, wire: Wire): SpawnedChild {
  try {
    return spawnWith(options, wire);
  } catch (error) {
    wire.ours.destroy();
    throw error;
  } finally {
    // The child has it now, and its end is to be noticed.
    wire.theirs.destroy();
  }
}

function spawnWith(
  { module, memory, execArgv, env, cwd, workerPath }: SpawnOptions,
  { ours: input, theirs }: Wire,
): SpawnedChild {
  if (cwd !== undefined && !existsSync(cwd)) {
    throw new PipelineStartError(`the option 'cwd' names a directory that does not exist: ${cwd}`);
  }
  const entry = entryFile(workerPath);
  if (!existsSync(entry))
    throw new PipelineStartError(`the child's entry file (option workerPath) does not exist: ${entry}`);
  const flags = [...(execArgv ?? inheritedFlags()), ...loaderFlags(module)];
  const child = spawn(process.execPath, [...flags, entry], {
    stdio: ['ignore', 'pipe', 'pipe', theirs, 'pipe', 'pipe', memory ?? 'ignore'],
    env: { ...process.env, ...env },
    // A process group of its own: Ctrl-C, and other signals to the parent's group, are for the parent to act on.
    detached: process.platform !== 'win32',
    windowsHide: true,
    ...(cwd !== undefined && { cwd }),
  });
  child.unref();
  // Where the pipes below are missing, nobody else will listen to why.
  child.on('error', () => undefined);
  // Node's types know of five descriptors, and not that there are none where the first could not be had.
  const stdio: unknown = Reflect.get(child, 'stdio');
  const pipes: readonly unknown[] = Array.isArray(stdio) ? stdio : [];
  const [, stdout, stderr] = pipes;
  const output = pipes[TO_CHILD_FD];
  const lifeline = pipes[LIFELINE_FD];
  if (
    !isSocket(output) ||
    !isSocket(lifeline) ||
    !(stdout instanceof Readable) ||
    !(stderr instanceof Readable)
  ) {
    throw new Error('no pipes could be made to the child process: are too many files open?');
  }
  for (const socket of [input, output, lifeline, stdout, stderr]) if (isSocket(socket)) socket.unref();
  return { process: child, input, output, outputFd: descriptorOf(output), lifeline, stdout, stderr };
}

function entryFile(workerPath: string | URL | undefined): string {
  // Bundlers look for exactly this form of the expression.
  const entry = workerPath ?? new URL('./child.js', import.meta.url);
  return entry instanceof URL || entry.startsWith('file:') ? fileURLToPath(entry) : entry;
}

/**
 * The descriptor of a socket. Node has never documented where it keeps that; where it is not there, all is written by
 * the socket, which takes a microsecond more.
 */
function descriptorOf(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null) return undefined;
  const fd: unknown = Reflect.get(handle, 'fd');
  return typeof fd === 'number' && fd > 2 ? fd : undefined;
}

function isSocket(stream: unknown): stream is Socket {
  return stream instanceof Socket;
}
