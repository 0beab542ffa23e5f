import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import type { Contender } from './contender.js';
import { brokerContenders } from './contenders/broker.js';
import type { Task } from './tasks.js';

/** The command line, or the machine, does not allow the run. The message tells the user what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The parsed command line; `usage` describes each option. */
export interface Options {
  readonly help: boolean;
  readonly contenders: readonly Contender[];
  readonly tasks: readonly Task[];
  readonly seconds: number;
  readonly pin: boolean;
  readonly json: string | undefined;
  readonly write: boolean;
}

/** @throws {UsageError} When an option is unknown or its value invalid. The message names the option. */
export function parseOptions(
  args: readonly string[],
  contenders: readonly Contender[],
  tasks: readonly Task[],
): Options {
  const values = parse(args);
  const entrants = [...contenders, ...values.build.flatMap(parseBuild)];
  const seconds = Number(values.seconds);
  if (!(seconds > 0 && seconds < Infinity)) {
    throw new UsageError(`--seconds takes a number above 0, not '${values.seconds}'`);
  }
  return {
    help: values.help,
    contenders: select('--contenders', values.contenders, entrants),
    tasks: select('--tasks', values.tasks, tasks),
    seconds,
    pin: values.pin,
    json: values.json,
    write: values.write,
  };
}

/** The text of `--help`. */
export function usage(contenders: readonly Contender[], tasks: readonly Task[]): string {
  return `npm run bench -- [options]

  --pin               keep all processes on one core
  --seconds N         total time to measure, after a warm-up of half that time (default: 120)
  --contenders A,B    measure only these: ${namesOf(contenders)}
  --build NAME=DIR    measure another build of this broker too: DIR is its dist/ (may be repeated)
  --tasks A,B         run only these: ${namesOf(tasks)}
  --json FILE         write all figures to FILE
  --write             write the table and the chart to docs/`;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', default: false },
        pin: { type: 'boolean', default: false },
        seconds: { type: 'string', default: '120' },
        contenders: { type: 'string' },
        build: { type: 'string', multiple: true, default: [] },
        tasks: { type: 'string' },
        json: { type: 'string' },
        write: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function parseBuild(value: string): readonly Contender[] {
  const [name = '', folder = ''] = value.split('=');
  const file = resolve(join(folder, 'index.js'));
  if (name === '' || !existsSync(file)) {
    throw new UsageError(`--build takes NAME=DIR, with an index.js in DIR, not '${value}'`);
  }
  return brokerContenders(name, pathToFileURL(file));
}

function select<T extends { readonly name: string }>(
  option: string,
  list: string | undefined,
  all: readonly T[],
): readonly T[] {
  if (list === undefined) return all;
  const wanted = new Set(list.split(','));
  for (const name of wanted) {
    if (!all.some((one) => one.name === name)) {
      throw new UsageError(`${option} takes ${namesOf(all)}, not '${name}'`);
    }
  }
  return all.filter(({ name }) => wanted.has(name));
}

function namesOf(all: readonly { readonly name: string }[]): string {
  return all.map(({ name }) => name).join(', ');
}
