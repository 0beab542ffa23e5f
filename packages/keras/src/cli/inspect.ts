import { inspectModel } from '../inspect-model.js';
import type { TensorInfo } from '../model.js';
import { COMMON_HELP, fileOptions, parse } from './usage.js';

const HELP = `Usage: keras inspect FILE [options]

Says what a model file holds and whether it can be run, without reading the weights.
Exits with 1 if the model cannot be run.

  --json               prints the report as JSON
${COMMON_HELP}`;

/** `keras inspect FILE` */
export async function inspect(args: string[]): Promise<void> {
  const parsed = parse(args, { help: HELP, count: 1, options: ['json'] });
  if (parsed === undefined) return;
  const { values, positionals } = parsed;
  const report = await inspectModel(positionals[0] ?? '', fileOptions(values));
  if (report.problems.length > 0) process.exitCode = 1;
  if (values.json === true) {
    process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
    return;
  }
  const lines = [
    `${report.format}${report.keras === undefined ? '' : `, Keras ${report.keras}`}`,
    ...report.inputs.map((input) => `input   ${describe(input)}`),
    ...report.outputs.map((output) => `output  ${describe(output)}`),
    '',
    ...report.layers.flatMap(({ name, className, verdict, reason, refusedBy = {} }) => {
      const why = reason === undefined ? '' : `: ${reason}`;
      return [
        `${verdict.padEnd(8)}  ${name} (${className})${why}`,
        ...Object.entries(refusedBy).map(([engine, because]) => `          not on ${engine}: ${because}`),
      ];
    }),
    '',
    report.problems.length === 0
      ? `The model can be run on ${report.engines.join(', ')}.`
      : 'The model cannot be run:',
    ...report.problems.map(({ message }) => `  ${message}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function describe({ name, shape, dtype }: TensorInfo): string {
  return `${name} (${shape.map((length) => length ?? '?').join(', ')}) ${dtype}`;
}
