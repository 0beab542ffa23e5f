import { KerasError } from '../errors.js';
import { convert } from './convert.js';
import { inspect } from './inspect.js';
import { predict } from './predict.js';
import { UsageError } from './usage.js';

const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<void>>> = { inspect, convert, predict };

const HELP = `Usage: keras <command> FILE …

  inspect FILE              says what a model file holds and whether it can be run
  convert FILE OUT.onnx     writes the model as ONNX
  predict FILE IMAGE        classifies an image (needs the package sharp)

FILE is a model of any version of Keras (.keras, .h5, .weights.h5) or of TensorFlow.js (model.json).
keras <command> --help tells more.
`;

const [NAME = '--help', ...ARGS] = process.argv.slice(2);
const COMMAND = Object.hasOwn(COMMANDS, NAME) ? COMMANDS[NAME] : undefined;
if (NAME === '--help' || NAME === '-h' || NAME === 'help') {
  process.stdout.write(HELP);
} else if (COMMAND === undefined) {
  process.stderr.write(`Unknown command ${NAME}\n\n${HELP}`);
  process.exitCode = 2;
} else {
  try {
    await COMMAND(ARGS);
  } catch (error) {
    if (!(error instanceof KerasError) && !(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}
