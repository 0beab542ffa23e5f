import type { ModelInfo } from '../model/model-host.js';
import type { Classification } from '../pipeline.js';
import type { FoundImage } from './find-image.js';

/** Times in ms. `download` is present only for a URL; `total` runs from the arrival of the request to its answer. */
export type Timings = Record<string, number>;

/** Builds the JSON answer of `POST /vgg`. */
export function jsonAnswer({
  classification,
  image,
  info,
  timings,
}: {
  classification: Classification;
  image: FoundImage;
  info: ModelInfo | undefined;
  timings: Timings;
}) {
  const [first] = classification.top;
  return {
    label: first?.label,
    probability: first?.probability,
    top: classification.top,
    source: image.source,
    model: info && {
      name: info.name,
      demonstration: info.demonstration,
      engine: info.engine,
      processes: info.processes,
      input: info.input,
      classes: info.classes,
      preprocessing: info.preprocessing,
      output: info.output,
    },
    timings: Object.fromEntries(
      Object.entries(timings).map(([name, ms]) => [name, Math.round(ms * 100) / 100]),
    ),
  };
}
