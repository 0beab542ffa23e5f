import { Broker, BrokerError, ProcessExitError } from '@dual/broker';

import { ImageError } from '../imaging/image-error.js';
import type { Settings } from '../settings/command-line.js';
import { waitingPlaces } from '../settings/waiting-places.js';
import type { Size } from './decode.js';
import type Decoder from './decoder.js';
import type { Decoded } from './decoder.js';

/** Images that one process decodes at once. */
const AT_ONCE = 4;
/** Time in ms until a process that goes on with an image after its time limit is killed. */
const KILL_DELAY = 250;
/** Time in ms after which the process for large images ends if there are none. */
const IDLE = 30_000;

/**
 * Two processes decode images: one for ordinary images, several at once, and one for large ones, one at a time. So a photo
 * does not wait for large images, and memory is bounded by pixels, not by the number of images. The second process runs only
 * while it is needed.
 */
export class Decoders implements AsyncDisposable {
  readonly ordinary: Broker<typeof Decoder>;
  readonly #large: Broker<typeof Decoder>;
  readonly #timeout: number;

  constructor(settings: Settings) {
    const module = new URL('./decoder.js', import.meta.url);
    const options = {
      args: [settings['max-pixels']],
      maxQueue: waitingPlaces(settings),
      queueTimeout: settings['queue-timeout'],
      timeout: settings['decode-timeout'],
      killDelay: { timeout: KILL_DELAY },
      limits: { memory: settings['decode-memory'] },
      keep: { results: 0 },
      // An image of a stranger may end the process. However many do, the next image gets a new one.
      restart: { limit: Infinity },
    } as const;
    this.ordinary = new Broker<typeof Decoder>(module, {
      ...options,
      concurrency: AT_ONCE,
      execArgv: ['--title=vgg-decoder'],
    });
    this.#large = new Broker<typeof Decoder>(module, {
      ...options,
      processes: { min: 0, max: 1, idleAfter: IDLE },
      execArgv: ['--title=vgg-decoder-large'],
    });
    this.#timeout = settings['decode-timeout'];
  }

  async start(): Promise<void> {
    await this.ordinary.start();
  }

  /**
   * Decodes an image.
   *
   * @throws {ImageError} When the image cannot be decoded within the limits.
   * @throws {BrokerError} When the decoder has no place, or ended because of another image.
   */
  async decode(file: Uint8Array, size: Size, signal: AbortSignal): Promise<Decoded> {
    try {
      // Another image may have ended the process that both were in.
      const decoded = await this.ordinary.call('decode', [file, size], { signal, retries: 1 });
      return decoded === 'large' ? await this.#large.call('decodeLarge', [file, size], { signal }) : decoded;
    } catch (error) {
      throw this.#blame(error);
    }
  }

  /** Tells which errors of the broker are the fault of the image. */
  #blame(error: unknown): unknown {
    if (!(error instanceof BrokerError)) return error;
    if (error.code === 'ERR_DUAL_CALL_TIMEOUT')
      return new ImageError(
        'ERR_IMAGE_TOO_SLOW',
        `The image takes more than ${this.#timeout / 1_000} s to decode. Send a smaller one.`,
        { cause: error },
      );
    if (error.code === 'ERR_DUAL_MEMORY_LIMIT')
      return new ImageError(
        'ERR_IMAGE_TOO_MUCH_MEMORY',
        'The image takes too much memory to decode. Send a smaller one.',
        { cause: error },
      );
    if (error instanceof ProcessExitError && error.started)
      return new ImageError(
        'ERR_IMAGE_CORRUPT',
        'The process that decodes images ended at this one. Save it anew, as JPEG or PNG.',
        { cause: error },
      );
    return error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.ordinary.close({ timeout: 0 }), this.#large.close({ timeout: 0 })]);
  }
}
