import { parseArgs } from 'node:util';

import { applicationOf } from '../applications/application.js';

/** The command line is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The options of all commands. */
const OPTIONS = {
  architecture: { type: 'string' },
  config: { type: 'string' },
  engine: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  labels: { type: 'string' },
  preprocess: { type: 'string' },
  top: { type: 'string' },
} as const;

/** The options that every command takes. */
const COMMON = ['architecture', 'config', 'help'];

export const COMMON_HELP = `  --config FILE        for a file with only weights: the model's configuration (JSON)
  --architecture NAME  for a file with only weights: the network, for example vgg16
  -h, --help           shows this
`;

/** Parses the arguments of a command. Returns nothing if it only showed its help. */
export function parse(
  args: string[],
  { help, count, options }: { help: string; count: number; options: readonly (keyof typeof OPTIONS)[] },
) {
  try {
    const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
    if (values.help === true) {
      process.stdout.write(help);
      return undefined;
    }
    const unknown = Object.keys(values).find(
      (key) => !COMMON.includes(key) && !options.some((option) => option === key),
    );
    if (unknown !== undefined) throw new UsageError(`this command has no option --${unknown}\n\n${help}`);
    if (positionals.length !== count)
      throw new UsageError(`${count} arguments are needed, not ${positionals.length}\n\n${help}`);
    return { values, positionals };
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(`${error.message}\n\n${help}`, { cause: error });
    throw error;
  }
}

/** The options that say what a file holds. */
export function fileOptions(values: { config?: string | undefined; architecture?: string | undefined }) {
  const { config, architecture } = values;
  return {
    ...(config === undefined ? {} : { config }),
    ...(architecture === undefined ? {} : { architecture: applicationOf(architecture) }),
  };
}
