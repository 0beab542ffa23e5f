import { dialectOf } from '../config/dialects.js';
import type { ModelSpec } from '../config/model-spec.js';
import { parseModel } from '../config/parse-model.js';
import { ModelFileError } from '../errors.js';
import { type Application, applicationModel } from './application.js';
import { checkVgg16 } from './check-vgg16.js';

/** Layers that may be there or not without making another network. */
const OPTIONAL = new Set(['InputLayer', 'Dropout', 'Rescaling', 'Normalization']);

/**
 * Checks that a model is the network that the user names, of any size and number of classes.
 *
 * @throws {ModelFileError} When it is another network.
 */
export function checkArchitecture(file: string, model: ModelSpec, application: Application): void {
  if (application.name === 'vgg16' && application.includeTop !== false) {
    checkVgg16(file, model);
    return;
  }
  const { json } = applicationModel(application);
  const wanted = classesOf(parseModel(json, dialectOf('3', json)));
  const found = classesOf(model);
  for (let index = 0; index < Math.max(wanted.length, found.length); index++) {
    const [expected, actual] = [wanted[index], found[index]];
    if (expected?.className === actual?.className) continue;
    const reason =
      actual === undefined
        ? `the model ends, but a ${expected?.className} must follow`
        : expected === undefined
          ? `the model must end before layer ${actual.name}`
          : `layer ${actual.name} must be a ${expected.className}, not a ${actual.className}`;
    throw new ModelFileError(
      'ERR_KERAS_NOT_THIS_ARCHITECTURE',
      `The model is not a ${application.name}: ${reason}: ${file}`,
      {
        file,
        layer: actual?.name,
      },
    );
  }
}

function classesOf(model: ModelSpec): { name: string; className: string }[] {
  return model.layers.filter(({ className }) => !OPTIONAL.has(className));
}
