import { toOnnx } from '../to-onnx.js';
import { COMMON_HELP, fileOptions, parse } from './usage.js';

const HELP = `Usage: keras convert FILE OUT.onnx [options]

Writes a model as an ONNX file of operator set 21.

${COMMON_HELP}`;

/** `keras convert FILE OUT.onnx` */
export async function convert(args: string[]): Promise<void> {
  const parsed = parse(args, { help: HELP, count: 2, options: [] });
  if (parsed === undefined) return;
  const [file = '', target = ''] = parsed.positionals;
  await toOnnx(file, target, fileOptions(parsed.values));
  process.stdout.write(`${target}\n`);
}
