import type { CommonOptions } from '@dual/broker';

/** The behaviour of a call in the child. `pipeline.mjs` has a function for each. */
export type Act = HarmlessAct | FaultyAct;

export type HarmlessAct = 'echo' | 'block' | 'later';

export type FaultyAct =
  | 'throw' // rejects with an error of the pipeline
  | 'heed' // waits until its signal fires
  | 'hang' // never answers
  | 'spin' // never answers, and blocks
  | 'exit' // calls process.exit during the call
  | 'die' // sends itself SIGKILL during the call
  | 'crash' // a timer throws an uncaught error during the call
  | 'reject' // a promise rejects unhandled during the call
  | 'lateCrash' // a timer throws an uncaught error after the call
  | 'answerThenDie' // sends itself SIGKILL right after the call
  | 'dieNext' // sends itself SIGKILL at the beginning of the next call
  | 'flood' // writes megabytes to stdout and stderr
  | 'garbage' // writes garbage to the channel
  | 'hog'; // takes more memory than the limit of its process, and blocks

/** A fault from outside, of the child or the broker. */
export type Fault = 'kill' | 'terminate' | 'segfault' | 'stop' | 'reload' | 'blockParent' | 'close';

/** `batched`: it may run together with others. `streamed`: it yields its result in chunks. */
export type Kind = 'plain' | 'batched' | 'streamed';

/** How a stream is read. */
export interface ReaderPlan {
  /** Number of chunks that the pipeline yields. */
  readonly chunks: number;
  /** How long the reader waits before it takes the next chunk, in ms. */
  readonly delayMs: number;
  /** Number of chunks after which the reader goes away; `undefined` if it reads to the end. */
  readonly leavesAfter: number | undefined;
}

export interface CallPlan {
  /** Unique in its round. */
  readonly id: number;
  readonly kind: Kind;
  readonly act: Act;
  /** How long the act takes, in ms. */
  readonly ms: number;
  readonly sendBytes: number;
  readonly returnBytes: number;
  /** For the acts `exit` and `die`: number of attempts that kill the process. The next attempt succeeds. */
  readonly deaths: number;
  readonly style: 'call' | 'submit';
  readonly keyed: boolean;
  readonly priority: number;
  readonly affinity: string | undefined;
  /** Number of progress values that it reports. */
  readonly reports: number;
  /** Set for a streamed call. */
  readonly reader: ReaderPlan | undefined;
  readonly retries: number;
  readonly timeout: number | undefined;
  readonly queueTimeout: number | undefined;
  /** The caller cancels the call after `afterMs` ms. */
  readonly cancel: { readonly by: 'signal' | 'method'; readonly afterMs: number } | undefined;
}

export type Step =
  | { readonly kind: 'call'; readonly call: CallPlan }
  /** Submits the same call again, under the same key. */
  | { readonly kind: 'repeat'; readonly call: CallPlan }
  /** Submits a call with other arguments, under a key that may be in flight. */
  | { readonly kind: 'clash'; readonly call: CallPlan }
  | ({ readonly kind: 'fault' } & FaultPlan)
  | { readonly kind: 'pause'; readonly ms: number };

export interface FaultPlan {
  readonly fault: Fault;
  /** Which of the living processes it hits: the number modulo their count. */
  readonly victim: number;
  readonly afterMs: number;
  readonly ms: number;
}

/** What a run prescribes for all its brokers. What it leaves open differs from round to round. */
export interface Wishes {
  readonly processes: number | undefined;
  readonly concurrency: number | undefined;
}

/** How many calls a broker runs at once. */
export interface Shape {
  /** Most processes. */
  readonly processes: number;
  readonly concurrency: number;
}

/** The life of one broker. */
export interface RoundPlan {
  readonly round: number;
  readonly steps: readonly Step[];
  /** Number of calls that may be unsettled before the load waits. */
  readonly window: number;
  readonly options: CommonOptions;
  /** How the method `one` makes batches. */
  readonly batch: { readonly maxSize: number; readonly maxDelay: number | 'auto' };
  readonly shape: Shape;
  /** How long the constructor takes, in ms. */
  readonly loadMs: number;
  readonly closeTimeout: number | undefined;
}
