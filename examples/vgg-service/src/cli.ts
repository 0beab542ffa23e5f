import { parseArgs } from 'node:util';

import { choose, engines, kernels } from './choices.js';
import type { PipelineSettings } from './pipeline.js';

/** What was asked for on the command line and in the environment. */
export interface Settings {
  port: number;
  host: string;
  /** File or URL. */
  weights: string | undefined;
  /** Where `weights` was given, for messages. */
  weightsFrom: '--weights' | 'VGG_WEIGHTS' | undefined;
  download: boolean;
  engine: PipelineSettings['engine'];
  kernels: PipelineSettings['kernels'];
  /** How many processes hold the model. */
  processes: number;
  labels: string | undefined;
  allowPrivate: boolean;
}

/** More than the cores or GPUs of any machine that this would run on: a slip of the finger. */
const MAX_PROCESSES = 64;

/** The command line cannot be understood. Its message is one line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const HELP = `Usage: npm start -- [options]

  --port N            port to listen on (default 2017, or PORT); 0 takes a free one
  --host NAME         address to listen on (default 127.0.0.1; 0.0.0.0 for every one)
  --weights FILE|URL  trained VGG-16 as HDF5 (or VGG_WEIGHTS); default vgg16_weights.h5 in the
                      working directory, else the demonstration model
  --download          fetch Keras's own VGG-16 (553 MB) where no weights are given; it is kept in the cache
  --engine NAME       ${engines.join(', ')} (default auto)
  --processes N       processes that each load the model, and take images in turn (default 1)
  --labels FILE       names of the classes, one a line
  --kernels NAME      how a Keras 1 file holds its kernels: ${kernels.join(' or ')}
  --allow-private     let image URLs lead to private addresses
  --help              this text
`;

const options = {
  port: { type: 'string' },
  host: { type: 'string' },
  weights: { type: 'string' },
  download: { type: 'boolean' },
  engine: { type: 'string' },
  processes: { type: 'string' },
  labels: { type: 'string' },
  kernels: { type: 'string' },
  'allow-private': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/**
 * @returns 'help' where that was asked for.
 * @throws {UsageError}
 */
export function parseCommandLine(args: readonly string[], env: NodeJS.ProcessEnv): Settings | 'help' {
  const values = parse(args, env);
  if (values.help) return 'help';
  return {
    port: portFrom(values.port, env['PORT']),
    host: filled('--host', values.host) ?? '127.0.0.1',
    ...weightsFrom(filled('--weights', values.weights), set(env['VGG_WEIGHTS'])),
    download: values.download ?? false,
    engine: oneOf('--engine', engines, values.engine) ?? 'auto',
    kernels: oneOf('--kernels', kernels, values.kernels),
    processes: processesFrom(values.processes ?? '1'),
    labels: filled('--labels', values.labels),
    allowPrivate: values['allow-private'] ?? false,
  };
}

function parse(args: readonly string[], env: NodeJS.ProcessEnv) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split(/\. |\n/)[0] ?? '') : String(error);
    const hint = keptByNpm(args, env) ?? '--help lists what there is.';
    throw new UsageError(`${reason}. ${hint}`, { cause: error });
  }
}

/** Without the `--` npm keeps an option for itself, and hands on its value alone. */
function keptByNpm(args: readonly string[], env: NodeJS.ProcessEnv): string | undefined {
  const kept = Object.keys(options).find(
    (name) => env[`npm_config_${name.replaceAll('-', '_')}`] !== undefined,
  );
  if (kept === undefined) return undefined;
  const { positionals } = parseArgs({ args: [...args], options, strict: false });
  return `npm took --${kept} for itself; put -- before it: npm start -- --${kept} ${positionals.join(' ')}`.trimEnd();
}

function weightsFrom(
  flag: string | undefined,
  variable: string | undefined,
): Pick<Settings, 'weights' | 'weightsFrom'> {
  if (flag !== undefined) return { weights: flag, weightsFrom: '--weights' };
  return { weights: variable, weightsFrom: variable === undefined ? undefined : 'VGG_WEIGHTS' };
}

function portFrom(flag: string | undefined, variable: string | undefined): number {
  const [name, text] = flag === undefined && variable ? ['PORT', variable] : ['--port', flag ?? '2017'];
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new UsageError(`${name} ${text}: a port is a number from 0 to 65535.`);
  return port;
}

function processesFrom(text: string): number {
  const processes = Number(text);
  if (!/^\d+$/.test(text) || processes < 1 || processes > MAX_PROCESSES)
    throw new UsageError(`--processes ${text}: a number from 1 to ${MAX_PROCESSES} is needed.`);
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
  if (choice === undefined) throw new UsageError(`${name} ${value}: there are ${choices.join(', ')}.`);
  return choice;
}

/** An empty variable counts as none, as shells have it. */
function set(variable: string | undefined): string | undefined {
  return variable === '' ? undefined : variable;
}
