import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { IMAGENET_LABELS } from '@dual/keras/imagenet';

import type { Settings } from './cli.js';
import { agents } from './download/agents.js';
import { makeApp } from './http/app.js';
import { listen } from './http/listen.js';
import { readLabels } from './labels/read-labels.js';
import { closeServer } from './lifecycle/close-server.js';
import { chooseModel, type ChosenModel } from './model/choose-model.js';
import { forgetUnusable } from './model/forget-unusable.js';
import { ModelHost, type ModelInfo } from './model/model-host.js';
import { listSamples, readSample } from './model/samples.js';
import { demonstrationModel } from './package-files.js';

/** Time limit in ms for running requests when the service ends. */
const DRAIN_MS = 10_000;
/** Pause in ms after the service reports that it is not ready, so that a load balancer can notice. */
const NOTICE_MS = 500;

/** The web server and its model, from start to stop. */
export class Service {
  readonly model = new ModelHost();
  readonly #stopping = new AbortController();
  #server: Server | undefined;

  /**
   * Opens the port at once, then loads the model. If it rejects, the caller must call `stop`.
   *
   * @throws {ListenError} When the port or address is not available.
   * @throws {ModelSourceError} When the user named no model.
   * @throws {DownloadError} When the model cannot be downloaded.
   * @throws {LabelsError} When the labels are not readable or do not fit the model.
   * @throws {Error} When the pipeline throws: its own error, such as a ModelFileError.
   * @throws {PipelineStartError} When the model's process does not start.
   */
  async start(settings: Settings): Promise<void> {
    const { model } = this;
    const [sample, samples] = await Promise.all([readSample(), listSamples()]);
    const app = makeApp({ model, agentFor: agents(settings), sample, samples });
    this.#server = await listen(app, settings);
    const chosen = await chooseModel({ ...settings, signal: this.#stopping.signal });
    const labels = await labelsFor(chosen, settings.labels);
    // If `stop` was called meanwhile, start nothing more: it would outlive the stop.
    this.#stopping.signal.throwIfAborted();
    const { engine, kernels, preprocessing, processes, size } = settings;
    const { file, kind, name, demonstration } = chosen;
    const info = await model
      .start({
        name,
        demonstration,
        processes,
        pipeline: { file, kind, engine, kernels, preprocessing, size, labels },
      })
      .catch(async (error: unknown) => {
        throw await forgetUnusable(chosen, error);
      });
    this.#stopping.signal.throwIfAborted();
    announce(info, { kind, named: labels !== undefined });
    console.log(`Ready: http://${hostName(settings.host)}:${this.#port}/vgg`);
  }

  /**
   * Reports that the service is not ready, waits for running requests, then ends the model's processes.
   *
   * @param options.notice Whether to pause before the port closes, so that a load balancer notices.
   */
  async stop({ notice }: { notice: boolean }): Promise<void> {
    this.#stopping.abort();
    this.model.drain();
    if (notice) await delay(NOTICE_MS);
    if (this.#server) await closeServer(this.#server, DRAIN_MS);
    await this.model.close(0);
  }

  get #port(): number {
    const address: AddressInfo | string | null | undefined = this.#server?.address();
    return typeof address === 'object' && address ? address.port : 0;
  }
}

async function labelsFor(
  { demonstration }: ChosenModel,
  file: string | undefined,
): Promise<string[] | undefined> {
  if (file !== undefined) return readLabels(file);
  return demonstration ? readLabels(demonstrationModel.labels) : undefined;
}

/** Tells the person at the terminal what runs, and what was only assumed about it. */
function announce(info: ModelInfo, { kind, named }: Pick<ChosenModel, 'kind'> & { named: boolean }): void {
  const { name, classes, input, engine, processes, preprocessing, reason, output } = info;
  console.log(
    `Model: ${name}, ${classes} classes, ${input.width} x ${input.height}, on ${engine}${processes > 1 ? `, in ${processes} processes` : ''}`,
  );
  if (kind === 'model') {
    console.log(`Preprocessing: ${preprocessing}, ${reason}`);
    const labels = classes === IMAGENET_LABELS.length ? "ImageNet's, in the order of Keras" : 'none';
    if (!named) console.log(`Labels: ${labels}. Others: --labels FILE`);
  }
  if (output === 'scores')
    console.log('Output: scores (logits), from which the service computes the probabilities');
  if (info.demonstration) {
    console.log(
      'This is the small demonstration model, which knows ten kinds of clothing. For the real VGG-16: npm start -- --download',
    );
  }
}

/** The host name for the address bar of a browser on this machine. */
function hostName(host: string): string {
  if (['127.0.0.1', '::1', '0.0.0.0', '::'].includes(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
