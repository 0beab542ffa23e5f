import { Broker } from '@dual/broker';

import type makePipeline from '../pipeline.js';
import type { Classification, ModelDescription, PipelineSettings } from '../pipeline.js';

export type ModelState = 'starting' | 'ready' | 'restarting' | 'failed' | 'draining';

/** The model as pages and answers describe it. */
export interface ModelInfo extends ModelDescription {
  name: string;
  demonstration: boolean;
  /** Number of processes that each load the model. */
  processes: number;
}

export interface ModelHostOptions {
  /** Number of processes that each load the model. */
  processes: number;
  /** Name of the model on pages and in answers; never a path. */
  name: string;
  demonstration: boolean;
  pipeline: PipelineSettings;
}

/** Limit for the images that wait at once. The service refuses more with 429 and a `Retry-After` header. */
const MAX_QUEUE = 64;
/** Waiting images are classified together. A larger batch would keep the next image waiting for longer. */
export const batch = { classify: { method: 'classifyBatch', maxSize: 8 } } as const;
/** Time limit for one call. The slowest engine takes about 2 s per image, so a call that takes this long is stuck. */
const CALL_TIMEOUT_MS = 60_000;
/** Longest wait of an image for the model. */
const QUEUE_TIMEOUT_MS = 60_000;

/** The state of the host. The broker has a state of its own. */
type Phase =
  | { kind: 'waiting' }
  | { kind: 'serving'; broker: Broker<typeof makePipeline>; info: ModelInfo | undefined }
  | { kind: 'draining'; broker: Broker<typeof makePipeline> | undefined; info: ModelInfo | undefined };

/** The model in processes of its own. The host exists from before the weights arrive until after the drain. */
export class ModelHost {
  #phase: Phase = { kind: 'waiting' };

  /** Called on every change of state after the model was ready for the first time. */
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
   * Loads the model. Resolves when the model has made its first prediction.
   *
   * @throws {Error} When the pipeline throws: its own error, such as a ModelFileError.
   * @throws {PipelineStartError} When its process keeps ending before the model is ready.
   */
  async start({ name, demonstration, processes, pipeline }: ModelHostOptions): Promise<ModelInfo> {
    const broker = new Broker<typeof makePipeline>(new URL('./pipeline.js', import.meta.url), {
      args: [pipeline],
      processes,
      batch,
      maxQueue: MAX_QUEUE,
      timeout: CALL_TIMEOUT_MS,
      queueTimeout: QUEUE_TIMEOUT_MS,
      // No request asks for the result of an earlier one.
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

  /** Classifies an image. If no process is ready, the image waits until one has restarted. */
  async classify(image: Uint8Array, signal: AbortSignal): Promise<Classification> {
    const broker = this.#phase.kind === 'waiting' ? undefined : this.#phase.broker;
    if (!broker) throw new Error('The model was asked before it was started');
    return broker.call('classify', [image], { signal });
  }

  /** Reports the model as not ready from now on. The model still answers the images that it gets. */
  drain(): void {
    const broker = this.#phase.kind === 'waiting' ? undefined : this.#phase.broker;
    this.#phase = { kind: 'draining', broker, info: this.info };
  }

  /** Ends the model's processes. Running calls have `timeout` ms to finish. */
  async close(timeout: number): Promise<void> {
    if (this.#phase.kind !== 'waiting') await this.#phase.broker?.close({ timeout });
  }
}

/** Rejects as soon as the pipeline itself fails to start: a new attempt with the same weights would fail again. */
function refusal(broker: Broker<typeof makePipeline>): Promise<never> {
  return new Promise((_resolve, reject) => {
    broker.on('exit', ({ reason, cause }) => {
      // Only the first start is awaited. A later rejection has no effect.
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
