import { parseArgs } from 'node:util';

import { choose, engines, kernels, preprocessings } from './choices.js';
import type { ModelSource } from './model/choose-model.js';
import type { PipelineSettings } from './pipeline.js';

/** The options from the command line and the environment, with defaults filled in. */
export interface Settings {
  /** 0 to 65,535; 0 takes a free port. */
  port: number;
  host: string;
  source: ModelSource | undefined;
  download: boolean;
  engine: PipelineSettings['engine'];
  kernels: PipelineSettings['kernels'];
  preprocessing: PipelineSettings['preprocessing'];
  size: PipelineSettings['size'];
  /** Number of processes that each load the model, 1 to 64. */
  processes: number;
  /** Path of the labels file. */
  labels: string | undefined;
  allowPrivate: boolean;
}

/** No machine that runs this example has more cores or GPUs, so a larger number is a typo. */
const MAX_PROCESSES = 64;

/** The command line is invalid. The message is one line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const HELP = `Usage: npm start -- [options]

  --port N            port to listen on (default 2017, or PORT); 0 takes a free one
  --host NAME         address to listen on (default 127.0.0.1; 0.0.0.0 for all addresses)
  --model FILE|URL    any image classifier that Keras has saved (or VGG_MODEL)
  --weights FILE|URL  trained VGG-16 as HDF5 (or VGG_WEIGHTS); default: vgg16_weights.h5 in the
                      working directory, else the demonstration model
  --download          fetch Keras's own VGG-16 (553 MB) if there are no other weights, and keep it in the cache
  --engine NAME       ${engines.join(', ')} (default auto)
  --processes N       number of processes that each load the model; the next image goes to a free one (default 1)
  --labels FILE       class names, one per line (or VGG_LABELS)
  --preprocess NAME   how the model wants its pixels (or VGG_PREPROCESS): ${preprocessings.join(', ')};
                      default: as the model's layers tell, else unit (from 0 to 1)
  --size WxH          size of the images, for a model that takes any size (or VGG_SIZE; default 224x224)
  --kernels NAME      orientation of the kernels in a Keras 1 file: ${kernels.join(' or ')}
  --allow-private     allow image URLs that lead to private addresses
  --help              show this text
`;

const options = {
  port: { type: 'string' },
  host: { type: 'string' },
  model: { type: 'string' },
  weights: { type: 'string' },
  download: { type: 'boolean' },
  engine: { type: 'string' },
  processes: { type: 'string' },
  labels: { type: 'string' },
  preprocess: { type: 'string' },
  size: { type: 'string' },
  kernels: { type: 'string' },
  'allow-private': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/**
 * Parses the command line and the environment.
 *
 * @param args Arguments after the name of the script.
 * @returns `'help'` if the command line has `--help`.
 * @throws {UsageError} When an option is unknown or its value is invalid.
 */
export function parseCommandLine(args: readonly string[], env: NodeJS.ProcessEnv): Settings | 'help' {
  const values = parse(args, env);
  if (values.help) return 'help';
  return {
    port: portFrom(values.port, env['PORT']),
    host: filled('--host', values.host) ?? '127.0.0.1',
    source: sourceFrom(values, env),
    download: values.download ?? false,
    engine: oneOf('--engine', engines, values.engine) ?? 'auto',
    kernels: oneOf('--kernels', kernels, values.kernels),
    processes: processesFrom(values.processes ?? '1'),
    labels: filled('--labels', values.labels) ?? set(env['VGG_LABELS']),
    preprocessing:
      oneOf('--preprocess', preprocessings, values.preprocess) ??
      oneOf('VGG_PREPROCESS', preprocessings, set(env['VGG_PREPROCESS'])),
    size: sizeFrom('--size', values.size) ?? sizeFrom('VGG_SIZE', set(env['VGG_SIZE'])),
    allowPrivate: values['allow-private'] ?? false,
  };
}

function parse(args: readonly string[], env: NodeJS.ProcessEnv) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split(/\. |\n/)[0] ?? '') : String(error);
    const hint = keptByNpm(args, env) ?? '--help lists all options.';
    throw new UsageError(`${reason}. ${hint}`, { cause: error });
  }
}

/** Without `--`, npm consumes an option itself and passes on only its value. */
function keptByNpm(args: readonly string[], env: NodeJS.ProcessEnv): string | undefined {
  const kept = Object.keys(options).find(
    (name) => env[`npm_config_${name.replaceAll('-', '_')}`] !== undefined,
  );
  if (kept === undefined) return undefined;
  const { positionals } = parseArgs({ args: [...args], options, strict: false });
  return `npm consumed --${kept} itself. Put -- before it: npm start -- --${kept} ${positionals.join(' ')}`.trimEnd();
}

/** Finds the one model that the user names. A flag takes precedence over a variable. */
function sourceFrom(
  flags: { model?: string | undefined; weights?: string | undefined; download?: boolean | undefined },
  env: NodeJS.ProcessEnv,
): ModelSource | undefined {
  const byFlag = one([
    { kind: 'model', place: filled('--model', flags.model), from: '--model' },
    { kind: 'weights', place: filled('--weights', flags.weights), from: '--weights' },
  ]);
  const source =
    byFlag ??
    one([
      { kind: 'model', place: set(env['VGG_MODEL']), from: 'VGG_MODEL' },
      { kind: 'weights', place: set(env['VGG_WEIGHTS']), from: 'VGG_WEIGHTS' },
    ]);
  if (source?.kind === 'model' && flags.download)
    throw new UsageError(
      `${source.from} and --download exclude each other: --download fetches VGG-16. Give only one of them.`,
    );
  return source;
}

function one(
  sources: readonly (Omit<ModelSource, 'place'> & { place: string | undefined })[],
): ModelSource | undefined {
  const [first, second] = sources.flatMap(({ place, ...rest }) =>
    place === undefined ? [] : { ...rest, place },
  );
  if (first !== undefined && second !== undefined)
    throw new UsageError(
      `${first.from} and ${second.from} exclude each other: the service runs one model. ` +
        `Give ${first.from} for any image classifier, ${second.from} for a VGG-16.`,
    );
  return first;
}

function sizeFrom(name: string, text: string | undefined): Settings['size'] {
  if (text === undefined) return undefined;
  const match = /^(\d{1,4})x(\d{1,4})$/.exec(text);
  const [width, height] = [Number(match?.[1]), Number(match?.[2])];
  if (!(width > 0 && height > 0))
    throw new UsageError(`${name} ${text}: the value must be width and height in pixels, such as 224x224.`);
  return { width, height };
}

function portFrom(flag: string | undefined, variable: string | undefined): number {
  const [name, text] = flag === undefined && variable ? ['PORT', variable] : ['--port', flag ?? '2017'];
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new UsageError(`${name} ${text}: the port must be an integer from 0 to 65535.`);
  return port;
}

function processesFrom(text: string): number {
  const processes = Number(text);
  if (!/^\d+$/.test(text) || processes < 1 || processes > MAX_PROCESSES)
    throw new UsageError(`--processes ${text}: the value must be an integer from 1 to ${MAX_PROCESSES}.`);
  return processes;
}

function filled(name: string, value: string | undefined): string | undefined {
  if (value === '') throw new UsageError(`${name} needs a value.`);
  return value;
}

function oneOf<T extends string>(
  name: string,
  choices: readonly T[],
  value: string | undefined,
): T | undefined {
  if (value === undefined) return undefined;
  const choice = choose(choices, value);
  if (choice === undefined)
    throw new UsageError(`${name} ${value}: the value must be one of ${choices.join(', ')}.`);
  return choice;
}

/** Treats an empty variable as unset, as shells do. */
function set(variable: string | undefined): string | undefined {
  return variable === '' ? undefined : variable;
}
