import { parseArgs } from 'node:util';

import { type ModelSource, modelSource } from './model-source.js';
import { OPTIONS } from './options.js';
import type { Option } from './readers.js';
import { UsageError } from './usage-error.js';

type Options = typeof OPTIONS;

/** The options from the command line and the environment, with defaults filled in. Sizes are in bytes, times in ms. */
export type Settings = {
  readonly [N in keyof Options]: Options[N] extends Option<infer T> ? T : never;
} & {
  /** The model that the user names. */
  readonly source: ModelSource | undefined;
};

const FLAGS = {
  ...Object.fromEntries(
    Object.entries<Option<unknown>>(OPTIONS).map(
      ([name, { value }]) => [name, { type: value === undefined ? 'boolean' : 'string' }] as const,
    ),
  ),
  help: { type: 'boolean', short: 'h' } as const,
};

type Values = Partial<Record<string, string | boolean>>;

/**
 * Parses the command line and the environment.
 *
 * @param args Arguments after the name of the script.
 * @returns `'help'` if the command line has `--help`.
 * @throws {UsageError} When an option is unknown or its value is invalid.
 */
export function parseCommandLine(args: readonly string[], env: NodeJS.ProcessEnv): Settings | 'help' {
  const values: Values = parse(args, env);
  if (values['help'] === true) return 'help';
  const settings = Object.fromEntries(
    Object.entries<Option<unknown>>(OPTIONS).map(([name, option]) => [
      name,
      read(name, option, values[name], env),
    ]),
  );
  const source = modelSource(values, env);
  return { ...settings, source } as Settings; // each value was read by the option of its name
}

/** The help text: one option a line, with its default. */
export function help(): string {
  const lines = Object.entries<Option<unknown>>(OPTIONS).flatMap(
    ([name, { value, help: does, fallback }]) => {
      const shown = value !== undefined && fallback ? ` (default ${fallback})` : '';
      return wrap(`  --${name}${value === undefined ? '' : ` ${value}`}`.padEnd(INDENT), `${does}${shown}`);
    },
  );
  return [
    'Usage: npm start -- [options]',
    '',
    ...lines,
    ...wrap('  --help'.padEnd(INDENT), 'show this text'),
    '',
    'Each option is also a variable: --max-pixels is VGG_MAX_PIXELS. The command line wins.',
  ].join('\n');
}

const INDENT = 28;
const WIDTH = 110;

/** Breaks a text into lines after a head. */
function wrap(head: string, words: string): string[] {
  const lines: string[] = [];
  let line = head;
  for (const word of words.split(' ')) {
    if (line.length + word.length >= WIDTH) {
      lines.push(line.trimEnd());
      line = ' '.repeat(INDENT);
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}

function parse(args: readonly string[], env: NodeJS.ProcessEnv): Values {
  try {
    return parseArgs({ args: [...args], options: FLAGS }).values;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split(/\. |\n/)[0] ?? '') : String(error);
    const hint = keptByNpm(args, env) ?? '--help lists all options.';
    throw new UsageError(`${reason}. ${hint}`, { cause: error });
  }
}

/** Without `--`, npm consumes an option itself and passes on only its value. */
function keptByNpm(args: readonly string[], env: NodeJS.ProcessEnv): string | undefined {
  const kept = Object.keys(OPTIONS).find(
    (name) => env[`npm_config_${name.replaceAll('-', '_')}`] !== undefined,
  );
  if (kept === undefined) return undefined;
  const { positionals } = parseArgs({ args: [...args], options: FLAGS, strict: false });
  return `npm consumed --${kept} itself. Put -- before it: npm start -- --${kept} ${positionals.join(' ')}`.trimEnd();
}

/** The command line goes before the variable, and both before the default. */
function read(
  name: string,
  option: Option<unknown>,
  given: string | boolean | undefined,
  env: NodeJS.ProcessEnv,
): unknown {
  const variable = variablesOf(name).find((one) => env[one]);
  const byFlag = given === undefined ? undefined : { from: `--${name}`, text: String(given) };
  const byVariable = variable === undefined ? undefined : { from: variable, text: env[variable] ?? '' };
  const { from, text } = byFlag ?? byVariable ?? { from: `--${name}`, text: option.fallback };
  if (text === undefined) return undefined;
  if (text === '' && byFlag !== undefined) throw new UsageError(`${from} needs a value.`);
  try {
    return option.read(text);
  } catch (error) {
    const wanted = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${from} ${text}: the value must be ${wanted}.`, { cause: error });
  }
}

/** The variables of an option. Hosting platforms set PORT. An empty variable counts as unset, as in shells. */
function variablesOf(name: string): string[] {
  const variable = `VGG_${name.toUpperCase().replaceAll('-', '_')}`;
  return name === 'port' ? [variable, 'PORT'] : [variable];
}
