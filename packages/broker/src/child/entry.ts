/**
 * The main file of a child process. It connects to the broker over inherited file descriptors, constructs the pipeline
 * that the first message names, and runs calls until it is told to stop.
 */
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import process from 'node:process';
import { types } from 'node:util';

import { Channel } from '../channel/channel.js';
import { LIFELINE_FD, TO_BROKER_FD, TO_CHILD_FD } from '../channel/descriptors.js';
import type { Frame } from '../channel/frame.js';
import {
  decodeInit,
  decodeNumber,
  type Init,
  signalFrame,
  type StartFailure,
  ToBroker,
  ToChild,
} from '../channel/messages.js';
import { ChildMemory } from '../channel/shared/child-memory.js';
import { describeThrown } from '../channel/thrown/describe.js';
import { encodeValue } from '../channel/values/codec.js';
import { UndecodableError } from '../channel/values/undecodable.js';
import { AbortRing } from './abort-ring.js';
import { withOrigin } from './context.js';
import { exitNow, exitPrinting } from './exit-now.js';
import { Host } from './host.js';
import { isolate } from './isolate.js';
import { holdLifeline } from './lifeline.js';
import { dispose, loadPipeline, PermanentStartError, type Pipeline } from './load.js';
import { LoadedFiles } from './loaded-files.js';
import { Methods } from './methods.js';
import { throughMemory } from './through-memory.js';

type State =
  /** It waits for the broker's first message. */
  | { readonly name: 'waiting' }
  | { readonly name: 'starting' }
  | { readonly name: 'serving' | 'finishing'; readonly host: Host; readonly pipeline: Pipeline }
  | { readonly name: 'ending' };

let state: State = { name: 'waiting' };
let memory: ChildMemory | undefined;

const aborted = new AbortRing((id) => {
  if ('host' in state) state.host.flag(id);
});
const lifeline = holdLifeline(LIFELINE_FD, aborted.memory);
isolate();

// If a pipeline exits, the chunks that it has yielded may still be queued.
process.once('exit', () => channel.flush());
const channel = new Channel({
  maxMessageBytes: Infinity, // the broker bounds its messages
  userCode: 'here',
  onFrame: take,
  onRead: () => {
    if ('host' in state) state.host.work();
  },
  onEnd: (error) => {
    if (error === undefined) void stop();
    else fail(error);
  },
});
// The constructor takes `onread`, which Node's types lack.
const inputOptions: SocketConstructorOpts & { onread: OnReadOpts } = {
  fd: TO_CHILD_FD,
  readable: true,
  writable: false,
  onread: channel.onread,
};
const input = new Socket(inputOptions);
// The input ends only if the broker's process ends: a living broker closes it after this process has exited.
input.once('end', () => process.once('exit', endGroup));
const output = new Socket({ fd: TO_BROKER_FD, readable: false, writable: true });
channel.connect({ input, output });

process.on('uncaughtException', (error) => {
  if (!('host' in state && state.host.blame(error))) crash(error);
});

function take(received: Frame): void {
  const frame = memory?.take(received) ?? received;
  switch (frame.type) {
    case ToChild.Init:
      state = { name: 'starting' };
      void start(() => decodeInit(frame.payload));
      break;
    case ToChild.Call:
    case ToChild.Stream:
    case ToChild.Batch:
      if (state.name === 'serving') state.host.take(frame);
      break;
    case ToChild.Member:
      if (state.name === 'serving') state.host.takeMember(frame);
      break;
    case ToChild.Trace:
      if (state.name === 'serving') state.host.trace(frame);
      break;
    case ToChild.Timeout:
      if (state.name === 'serving') state.host.limit(frame);
      break;
    case ToChild.Credit:
      if ('host' in state) state.host.credit(frame.id, decodeNumber(frame.payload));
      break;
    case ToChild.Abort:
      if ('host' in state) state.host.abort(frame.id);
      break;
    case ToChild.Halt:
      if ('host' in state) send(ToBroker.Halted, state.host.halt());
      break;
    case ToChild.Stop:
      void stop();
      break;
  }
}

async function start(decode: () => Init): Promise<void> {
  let loaded: LoadedFiles | undefined;
  try {
    const init = decode();
    if (init.memoryLimit !== Infinity) lifeline.limitMemory(init.memoryLimit);
    if (init.watch) {
      loaded = new LoadedFiles((files) => {
        send(ToBroker.Loaded, files);
      });
    }
    const { pipeline } = await withOrigin(null, () => loadPipeline(init));
    const methods = new Methods(pipeline, init);
    const host = new Host({
      methods,
      concurrency: init.concurrency,
      keySeries: init.keySeries,
      maxMessageBytes: init.maxMessageBytes,
      timeout: init.timeout,
      aborted,
      channel: throughMemory(channel, () => memory),
      onFailure: crash,
    });
    // Otherwise the first calls, if they block, would learn too late that they are abandoned.
    await lifeline.held;
    state = { name: 'serving', host, pipeline };
    loaded?.flush();
    send(ToBroker.Ready, methods.callableNames);
    shareMemory(init.sharedMemory);
  } catch (error) {
    loaded?.flush();
    const isOwn = error instanceof PermanentStartError || error instanceof UndecodableError;
    const permanent = isOwn || saysPermanent(error);
    const failure: StartFailure = { thrown: describeThrown(error), permanent };
    // Node knows where the syntax is wrong, but says so only when it prints the error.
    await end(ToBroker.StartFailure, failure, isSyntaxError(error) ? { uncaught: error } : undefined);
  }
}

/** The pipeline's own error says that another try cannot help. */
function saysPermanent(error: unknown): boolean {
  try {
    return typeof error === 'object' && error !== null && Reflect.get(error, 'permanent') === true;
  } catch {
    return false;
  }
}

/** Not before the broker knows that this process is ready: loading koffi takes some ms. */
function shareMemory(settings: Init['sharedMemory']): void {
  if (settings === undefined) return;
  channel.flush();
  memory = ChildMemory.map(settings);
  if (memory !== undefined) channel.send(signalFrame(ToBroker.Mapped));
}

/** Runs the remaining calls, disposes of the pipeline and exits. */
async function stop(): Promise<void> {
  if (state.name === 'finishing' || state.name === 'ending') return;
  if (state.name === 'serving') {
    const { host, pipeline } = state;
    state = { name: 'finishing', host, pipeline };
    await host.idle();
    try {
      await dispose(pipeline);
    } catch (error) {
      process.exitCode = 1;
      console.error(error);
    }
  }
  state = { name: 'ending' };
  try {
    await channel.flushed();
  } finally {
    exitNow();
  }
}

/** Ends this process after an uncaught error that came from no running call. */
function crash(error: unknown): void {
  if (state.name === 'ending') return;
  if (state.name === 'waiting') {
    fail(error);
    return;
  }
  const running = 'host' in state ? state.host.halt() : [];
  void end(ToBroker.Fatal, { thrown: describeThrown(error), running }, { uncaught: error });
}

/** Reports on stderr, because the broker cannot be told, or not yet. */
function fail(error: unknown): void {
  try {
    console.error(error);
  } finally {
    exitNow(1);
  }
}

/** Kills the processes that the pipeline has started, as the lifeline's thread does if this thread is busy. */
function endGroup(): void {
  try {
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    // This platform has no process groups.
  }
}

/** Tells the broker the reason, and exits. @param last An error that Node is to print, as it does without a broker. */
async function end(type: number, value: unknown, last?: { readonly uncaught: unknown }): Promise<void> {
  state = { name: 'ending' };
  try {
    send(type, value);
    await channel.flushed();
    if (last === undefined) exitNow(1);
    else exitPrinting(last.uncaught);
  } catch (error) {
    fail(error);
  }
}

function isSyntaxError(error: unknown): boolean {
  return types.isNativeError(error) && error.name === 'SyntaxError';
}

function send(type: number, value: unknown): void {
  channel.send({ type, id: 0, attempt: 0, payload: encodeValue(value, 'message') });
}
