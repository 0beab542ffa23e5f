import { Broker } from '@dual/broker';
import { type AnyClient, readiness, type ReadinessState } from '@dual/http';

import { notReady } from '../http/problems.js';
import type makePipeline from '../pipeline.js';
import type { ModelDescription, PipelineSettings } from '../pipeline.js';
import type { Settings } from '../settings/command-line.js';
import { waitingPlaces } from '../settings/waiting-places.js';

/** The model as pages and answers describe it. */
export interface ModelInfo extends ModelDescription {
  name: string;
  demonstration: boolean;
  /** Number of processes that each load the model. */
  processes: number;
}

/** Waiting images are classified together. */
export const batch = (maxSize: number) => ({ classify: { method: 'classifyBatch', maxSize } }) as const;

/** Makes the broker of the model. Its processes start with `start()`. */
export function makeBroker(pipeline: PipelineSettings, settings: Settings): Broker<typeof makePipeline> {
  return new Broker<typeof makePipeline>(new URL('./pipeline.js', import.meta.url), {
    args: [pipeline],
    processes: settings.processes,
    batch: batch(settings['batch-size']),
    // `classify` refuses images before that, while they are not decoded yet.
    maxQueue: waitingPlaces(settings),
    timeout: settings.timeout,
    queueTimeout: settings['queue-timeout'],
    // A process that ends under its load must not end the service. One that cannot start again does.
    restart: { limit: Infinity },
    execArgv: ['--title=vgg-model'],
  });
}

/** The model as the web server sees it: from before its file is there until after the drain. */
export class ModelStatus implements AnyClient {
  broker: Broker<typeof makePipeline> | undefined;
  /** Undefined until the model was ready for the first time. */
  info: ModelInfo | undefined;
  draining = false;

  get state(): AnyClient['state'] {
    if (this.draining) return 'draining';
    if (this.broker === undefined) return 'starting';
    // Whatever happens before the model is ready for the first time is the start.
    return this.info === undefined && this.broker.state !== 'failed' ? 'starting' : this.broker.state;
  }

  /** The state, or that the model's process is stopped or hangs. */
  get readiness(): ReadinessState {
    return readiness(this).state;
  }

  /**
   * The model, if it can take images now, or as soon as its process has restarted. A service that is shutting down still answers
   * the requests that reach it.
   *
   * @throws {Problem} When it cannot (503).
   */
  require(): { broker: Broker<typeof makePipeline>; info: ModelInfo } {
    const { broker, info } = this;
    if (broker === undefined || info === undefined || broker.state === 'failed') throw notReady(this.state);
    return { broker, info };
  }

  calls(): ReturnType<AnyClient['calls']> {
    return this.broker?.calls() ?? [];
  }

  stats(): ReturnType<AnyClient['stats']> {
    if (this.broker === undefined) throw new Error('The model has not been started');
    return this.broker.stats();
  }
}
