import { type ApplicationName, layerNamesOf } from '../applications/application.js';
import { APPLICATIONS } from '../applications/configurations.js';
import { scalesInputs } from '../graph/ends.js';
import { graphOf, type Model } from '../model.js';
import type { Preprocessing } from './preprocess.js';

/** How a model wants its pixels, and how that is known, as the end of a sentence. */
export interface FoundPreprocessing {
  preprocessing: Preprocessing;
  reason: string;
}

/** What each family takes if it does not scale its input itself. Source: `preprocess_input` of each of Keras's modules. */
const FAMILIES: readonly (readonly [name: RegExp, preprocessing: Preprocessing])[] = [
  [/^(?:convnext|densenet)/u, 'torch'],
  [/^(?:vgg|resnet\d+$)/u, 'caffe'],
  [/^/u, 'tf'],
];

/** Finds out how a model wants its pixels. Nothing in a file states it, so it follows from what the model computes. */
export function findPreprocessing(model: Model): FoundPreprocessing {
  if (scalesInputs(graphOf(model)))
    return { preprocessing: 'none', reason: 'because the model itself scales its input' };
  const application = recognise(model);
  if (application === undefined) {
    return {
      preprocessing: 'unit',
      reason:
        'the usual way, because the file does not tell; another one gives wrong answers without an error',
    };
  }
  const preprocessing = FAMILIES.find(([name]) => name.test(application))?.[1] ?? 'none';
  return { preprocessing, reason: `because the model has the layers of ${application}` };
}

/** The model of `keras.applications` whose layers a model has by their names, also with other layers around them. */
function recognise({ layers }: Model): ApplicationName | undefined {
  const names = new Set(layers.map(({ name }) => name.slice(name.lastIndexOf('/') + 1)));
  return APPLICATIONS.find((application) => layerNamesOf(application).every((name) => names.has(name)));
}
