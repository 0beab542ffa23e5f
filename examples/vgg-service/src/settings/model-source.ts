import { UsageError } from './usage-error.js';

/** The model file that the user names. */
export interface ModelSource {
  /** `model`: any image classifier. `weights`: a VGG-16, which may be without its configuration. */
  kind: 'model' | 'weights';
  /** Path or URL. */
  place: string;
  /** The flag or variable that set it, for error texts. */
  from: string;
}

type Given = Partial<Record<string, string | boolean>>;

/**
 * Finds the one model that the user names. A flag goes before a variable.
 *
 * @throws {UsageError} When the user names two.
 */
export function modelSource(flags: Given, env: Given): ModelSource | undefined {
  const source =
    one([
      { kind: 'model', place: flags['model'], from: '--model' },
      { kind: 'weights', place: flags['weights'], from: '--weights' },
    ]) ??
    one([
      { kind: 'model', place: env['VGG_MODEL'], from: 'VGG_MODEL' },
      { kind: 'weights', place: env['VGG_WEIGHTS'], from: 'VGG_WEIGHTS' },
    ]);
  if (source?.kind === 'model' && flags['download'] === true)
    throw new UsageError(
      `${source.from} and --download exclude each other: --download fetches VGG-16. Give only one of them.`,
    );
  return source;
}

function one(
  sources: readonly (Omit<ModelSource, 'place'> & { place: string | boolean | undefined })[],
): ModelSource | undefined {
  const [first, second] = sources.flatMap(({ place, ...rest }) =>
    typeof place === 'string' && place !== '' ? { ...rest, place } : [],
  );
  if (first !== undefined && second !== undefined)
    throw new UsageError(
      `${first.from} and ${second.from} exclude each other: the service runs one model. ` +
        `Give ${first.from} for any image classifier, ${second.from} for a VGG-16.`,
    );
  return first;
}
