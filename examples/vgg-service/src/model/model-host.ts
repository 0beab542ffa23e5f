import { Broker } from '@dual/broker';

import type makePipeline from '../pipeline.js';
import type { Classification, ModelDescription, PipelineSettings } from '../pipeline.js';

export type ModelState = 'starting' | 'ready' | 'restarting' | 'failed' | 'draining';

/** What the page and the answers say about the model. */
export interface ModelInfo extends ModelDescription {
  name: string;
  demonstration: boolean;
  /** How many processes hold the model. */
  processes: number;
}

export interface ModelHostOptions {
  processes: number;
  name: string;
  demonstration: boolean;
  pipeline: PipelineSettings;
}

/** Images that may wait at once; more are turned away, with a hint when to come back. */
const MAX_QUEUE = 64;
/** Images that wait while the model is busy are asked of it together. So many, since whoever comes next waits for all. */
export const batch = { classify: { method: 'classifyBatch', maxSize: 8 } } as const;
/** The slowest engine takes about 2 s for an image; no engine that works takes this long. */
const CALL_TIMEOUT_MS = 60_000;
const QUEUE_TIMEOUT_MS = 60_000;

/** What the host is doing apart from what its broker says. */
type Phase =
  | { kind: 'waiting' }
  | { kind: 'serving'; broker: Broker<typeof makePipeline>; info: ModelInfo | undefined }
  | { kind: 'draining'; broker: Broker<typeof makePipeline> | undefined; info: ModelInfo | undefined };

/** The model in processes of its own, from before its weights are there until after it has been drained. */
export class ModelHost {
  #phase: Phase = { kind: 'waiting' };

  /** Called when the state changes after the model was ready for the first time. */
  onState: (state: ModelState) => void = () => undefined;

  get state(): ModelState {
    switch (this.#phase.kind) {
      case 'waiting':
        return 'starting';
      case 'draining':
        return 'draining';
      case 'serving':
        return stateOf(this.#phase.broker.state, this.#phase.info !== undefined);
    }
  }

  /** Undefined until the model was ready for the first time. */
  get info(): ModelInfo | undefined {
    return this.#phase.kind === 'waiting' ? undefined : this.#phase.info;
  }

  /**
   * Loads the model; resolves when it has made its first prediction.
   *
   * @throws What the pipeline threw, such as a ModelFileError; {PipelineStartError} where its process never got so far.
   */
  async start({ name, demonstration, processes, pipeline }: ModelHostOptions): Promise<ModelInfo> {
    const broker = new Broker<typeof makePipeline>(new URL('./pipeline.js', import.meta.url), {
      args: [pipeline],
      processes,
      batch,
      maxQueue: MAX_QUEUE,
      timeout: CALL_TIMEOUT_MS,
      queueTimeout: QUEUE_TIMEOUT_MS,
      // Nobody asks for an answer a second time.
      keep: { results: 0 },
    });
    this.#phase = { kind: 'serving', broker, info: undefined };
    await Promise.race([broker.start(), refusal(broker)]);
    const info = { name, demonstration, processes, ...(await broker.pipeline.describe()) };
    this.#phase = { ...this.#phase, broker, info };
    broker.on('state', () => {
      this.onState(this.state);
    });
    return info;
  }

  /** Where no process is ready, since it is started again, an image waits for the next one. */
  async classify(image: Uint8Array, signal: AbortSignal): Promise<Classification> {
    const broker = this.#phase.kind === 'waiting' ? undefined : this.#phase.broker;
    if (!broker) throw new Error('The model is asked before it is there');
    return broker.call('classify', [image], { signal });
  }

  /** From now on the model counts as not ready; what has been asked of it is still answered. */
  drain(): void {
    const broker = this.#phase.kind === 'waiting' ? undefined : this.#phase.broker;
    this.#phase = { kind: 'draining', broker, info: this.info };
  }

  /** Ends the child; calls that are still running have `timeout` ms. */
  async close(timeout: number): Promise<void> {
    if (this.#phase.kind !== 'waiting') await this.#phase.broker?.close({ timeout });
  }
}

/** Rejects as soon as the pipeline itself refuses to start: the same weights would be refused again. */
function refusal(broker: Broker<typeof makePipeline>): Promise<never> {
  return new Promise((_resolve, reject) => {
    broker.on('exit', ({ reason, cause }) => {
      // Only the first attempt is waited for; a later rejection is nobody's.
      if (reason === 'start' && cause instanceof Error) reject(cause);
    });
  });
}

function stateOf(broker: Broker<typeof makePipeline>['state'], wasReady: boolean): ModelState {
  switch (broker) {
    case 'idle':
    case 'starting':
      return 'starting';
    case 'ready':
      return wasReady ? 'ready' : 'starting';
    case 'restarting':
      return wasReady ? 'restarting' : 'starting';
    case 'failed':
      return 'failed';
    case 'draining':
    case 'closed':
      return 'draining';
  }
}
