import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { type BrokerState, PipelineStartError } from '@dual/broker';
import { IMAGENET_LABELS } from '@dual/keras/imagenet';
import type { Logger } from 'pino';

import { Decoders } from './decoder/decoders.js';
import { downloadOptions } from './http/download-options.js';
import { listen } from './http/listen.js';
import { readLabels } from './labels/read-labels.js';
import { closeServer } from './lifecycle/close-server.js';
import { chooseModel, type ChosenModel } from './model/choose-model.js';
import { forgetUnusable } from './model/forget-unusable.js';
import { makeBroker, type ModelInfo, ModelStatus } from './model/model.js';
import { listSamples, readSample } from './model/samples.js';
import { demonstrationModel } from './package-files.js';
import { makeApp } from './server.js';
import type { Settings } from './settings/command-line.js';

/** The web server and the processes behind it, from start to stop. */
export class Service {
  readonly model = new ModelStatus();
  /** Called on every change of the model's state after it was ready for the first time. */
  onState: (state: BrokerState) => void = () => undefined;
  readonly #settings: Settings;
  readonly #log: Logger;
  readonly #decoders: Decoders;
  readonly #stopping = new AbortController();
  #server: Server | undefined;

  constructor(settings: Settings, log: Logger) {
    this.#settings = settings;
    this.#log = log;
    this.#decoders = new Decoders(settings);
  }

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
  async start(): Promise<void> {
    const settings = this.#settings;
    const [sample, samples] = await Promise.all([readSample(), listSamples()]);
    const [model, decoders, log] = [this.model, this.#decoders, this.#log];
    const app = makeApp({
      settings,
      log,
      model,
      decoders,
      download: downloadOptions(settings),
      sample,
      samples,
    });
    this.#server = await listen(app, settings);
    const chosen = await chooseModel({ ...settings, signal: this.#stopping.signal });
    const labels = await labelsFor(chosen, settings.labels);
    // If `stop` was called meanwhile, start nothing more: it would outlive the stop.
    this.#stopping.signal.throwIfAborted();
    const [info] = await Promise.all([this.#load(chosen, labels), decoders.start()]);
    this.#stopping.signal.throwIfAborted();
    for (const line of announcement(info, { kind: chosen.kind, named: labels !== undefined })) log.info(line);
    log.info(`Ready: http://${hostName(settings.host)}:${this.#port}/vgg`);
  }

  async #load(chosen: ChosenModel, labels: readonly string[] | undefined): Promise<ModelInfo> {
    const { engine, kernels, preprocess: preprocessing, processes, size } = this.#settings;
    const { file, kind, name, demonstration } = chosen;
    const broker = makeBroker({ file, kind, engine, kernels, preprocessing, size, labels }, this.#settings);
    this.model.broker = broker;
    try {
      await broker.start();
      const info = { name, demonstration, processes, ...(await broker.pipeline.describe()) };
      this.model.info = info;
      broker.on('state', (state) => {
        this.onState(state);
      });
      return info;
    } catch (error) {
      throw await forgetUnusable(
        chosen,
        error instanceof PipelineStartError ? (error.cause ?? error) : error,
      );
    }
  }

  /**
   * Reports that the service is not ready, waits for running requests, then ends the processes.
   *
   * @param options.notice Whether to pause before the port closes, so that a load balancer notices.
   */
  async stop({ notice }: { notice: boolean }): Promise<void> {
    this.#stopping.abort();
    this.model.draining = true;
    if (notice) await delay(this.#settings['notice-time']);
    if (this.#server) await closeServer(this.#server, this.#settings['drain-timeout']);
    await Promise.all([this.model.broker?.close({ timeout: 0 }), this.#decoders[Symbol.asyncDispose]()]);
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

/** Names the model, its engine, and the facts about it that were only assumed. */
function announcement(
  info: ModelInfo,
  { kind, named }: Pick<ChosenModel, 'kind'> & { named: boolean },
): string[] {
  const { name, classes, input, engine, processes, preprocessing, reason, output } = info;
  const lines = [
    `Model: ${name}, ${classes} classes, ${input.width} x ${input.height}, on ${engine}${processes > 1 ? `, in ${processes} processes` : ''}`,
  ];
  if (kind === 'model') {
    lines.push(`Preprocessing: ${preprocessing}, ${reason}`);
    const labels = classes === IMAGENET_LABELS.length ? "ImageNet's, in the order of Keras" : 'none';
    if (!named) lines.push(`Labels: ${labels}. Others: --labels FILE`);
  }
  if (output === 'scores')
    lines.push('Output: scores (logits), from which the service computes the probabilities');
  if (info.demonstration)
    lines.push(
      'This is the small demonstration model, which knows ten kinds of clothing. For the real VGG-16: npm start -- --download',
    );
  return lines;
}

/** The host name for the address bar of a browser on this machine. */
function hostName(host: string): string {
  if (['127.0.0.1', '::1', '0.0.0.0', '::'].includes(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
