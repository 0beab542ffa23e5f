import { engines as installed, type LoadOptions } from '@dual/keras';
import { PREPROCESSINGS } from '@dual/keras/imagenet';

import { bytes, choice, flag, integer, list, optional, seconds, size, text } from './readers.js';

type Engine = NonNullable<LoadOptions['engine']>;
type Kernels = NonNullable<LoadOptions['kernels']>;

const ENGINES: readonly Engine[] = ['auto', ...installed().map(({ name }) => name)];
const KERNELS: readonly Kernels[] = ['convolution', 'correlation'];

/** Every option of the command line, with its default. Each is also a variable: `--max-pixels` is `VGG_MAX_PIXELS`. */
export const OPTIONS = {
  port: integer('port to listen on; 0 takes a free one', '2017', 0, 65_535),
  host: text('address to listen on; 0.0.0.0 for all addresses', '127.0.0.1'),

  model: optional(text('any image classifier that Keras has saved: a file or a URL')),
  weights: optional(
    text(
      'trained VGG-16 as HDF5, a file or a URL; default: vgg16_weights.h5 in the working directory, else the demonstration model',
    ),
  ),
  download: flag("fetch Keras's own VGG-16 (553 MB) if there are no other weights, and keep it in the cache"),
  engine: choice('what runs the model', ENGINES, 'auto'),
  processes: integer(
    'number of processes that each load the model; the next image goes to a free one',
    '1',
    1,
    64,
  ),
  labels: optional(text('file with class names, one per line')),
  preprocess: optional(
    choice(
      "how the model wants its pixels; default: as the model's layers tell, else unit (from 0 to 1)",
      PREPROCESSINGS,
    ),
  ),
  size: optional(size('size of the images, for a model that takes any size; default 224x224')),
  kernels: optional(choice('orientation of the kernels in a Keras 1 file', KERNELS)),
  'batch-size': integer('most images of one prediction', '8', 1, 1_024),
  timeout: seconds('time limit for one prediction', '60'),

  'max-bytes': bytes('largest image file', '32M'),
  'max-pixels': integer('most pixels of an image', '50000000', 1, 1_000_000_000),
  'max-images': integer('most images of one request', '16', 1, 1_000),
  'max-queue': integer('most images that wait at once; more are refused with 429', '64', 1, 100_000),
  'max-memory': bytes('most bytes of image files that all requests together hold', '512M'),
  'queue-timeout': seconds('longest wait of an image', '60'),
  'decode-timeout': seconds('time limit for decoding an image', '10'),
  'decode-memory': bytes('memory that one process of the decoder may use', '1G'),

  'max-uploads': integer('most uploads at once', '128', 1, 100_000),
  'max-downloads': integer('most downloads at once', '32', 1, 100_000),
  'per-client': integer('most uploads, and most downloads, of one client at once', '16', 1, 100_000),
  rate: integer('most requests of one client in a minute; 0 for no limit', '0', 0, 1_000_000),
  'upload-timeout': seconds('time limit for the body of a request', '60'),
  'download-timeout': seconds('time limit for the download of an image', '20'),
  'answer-timeout': seconds('time limit for a client to read its answer', '60'),
  'notice-time': seconds(
    'after SIGTERM, time for a load balancer to notice that the service is not ready',
    '0.5',
  ),
  'drain-timeout': seconds('after SIGTERM, time for running requests', '30'),

  'allow-private': flag('allow image URLs that lead to private addresses'),
  'user-agent': text('User-Agent of downloads', 'vgg-service'),
  proxy: optional(text('URL of a proxy for downloads; the proxy must refuse private addresses')),
  'trust-proxy': list('proxies whose X-Forwarded-For is believed, such as loopback or 10.0.0.0/8'),
  cors: list('origins whose pages may use the service, such as https://app.example; * for all'),
  'api-key': list(
    'keys, one of which each request must send, as Authorization: Bearer KEY or X-API-Key: KEY',
  ),
  log: choice('form of the log, which has a line for each request', ['text', 'json', 'off'], 'text'),
};
