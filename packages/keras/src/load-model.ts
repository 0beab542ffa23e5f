import { fileURLToPath } from 'node:url';

import type { LoadedWeight, Session } from './engines/engine.js';
import { selectEngine } from './engines/select.js';
import { OptionError } from './errors.js';
import { type Graph, weightSlots } from './graph/graph.js';
import { checkShapes, checkSizes, type LayerWeights, matchLayers } from './graph/match-weights.js';
import { vgg16FromConfig } from './graph/vgg16-from-config.js';
import { vgg16FromWeights } from './graph/vgg16-from-weights.js';
import { Model } from './model.js';
import { checkOptions, type LoadOptions } from './options.js';
import { checkFile } from './reading/check-file.js';
import { Hdf5File } from './reading/hdf5-file.js';
import { readModel } from './reading/read-model.js';
import { readWeight } from './reading/read-weight.js';
import type { StoredModel } from './reading/stored-model.js';

/**
 * Opens a trained model and makes it ready to predict. Reads the file in slices and lets the event loop run after each.
 *
 * @param file Path or file URL of an HDF5 file: a weights-only file of Keras 1 or 2, or a whole model (`.h5`).
 * @param options The architecture of the network, and how to load it.
 * @returns The model. Call its `dispose` when you no longer need it.
 * @throws {OptionError} When `file` or an option has an invalid value, or an option is unknown.
 * @throws {ModelFileError} When the file is missing, damaged or of another format, or holds another network.
 * @throws {EngineError} When no engine, or not the requested one, can run the model.
 * @throws {DOMException} When `options.signal` is aborted. If it was aborted with a reason, that reason is thrown
 * instead.
 */
export async function loadModel(file: string | URL, options: LoadOptions): Promise<Model> {
  checkOptions(options);
  const { signal } = options;
  signal?.throwIfAborted();
  const path = pathOf(file);
  const { bytes: fileBytes, superblock } = await checkFile(path);
  const hdf5 = await Hdf5File.open(path, superblock);
  try {
    const { graph, weights } = plan(path, readModel(hdf5, options.kernels));
    checkShapes(path, graph, weights);
    checkSizes(path, fileBytes, weights);
    // Check the file first: some engines take seconds to load, and a bad file should be refused without that delay.
    const engine = await selectEngine(options.engine ?? 'auto');
    const session = await engine.build(graph, readAll(hdf5, graph, weights, options), {
      threads: options.threads,
    });
    await unlessAborted(session, signal);
    return new Model(graph, engine.name, session);
  } finally {
    await hdf5.close();
  }
}

function pathOf(file: string | URL): string {
  if (typeof file === 'string' && file !== '') return file;
  if (file instanceof URL && file.protocol === 'file:') return fileURLToPath(file);
  throw new OptionError('file', 'file must be a path or a file URL, and not empty');
}

function plan(file: string, stored: StoredModel): { graph: Graph; weights: Map<string, LayerWeights> } {
  if (stored.config === undefined) return vgg16FromWeights(file, stored);
  const graph = vgg16FromConfig(file, stored.config);
  const names = new Set(weightSlots(graph).map((slot) => slot.layer));
  return { graph, weights: matchLayers(file, stored, [...names]) };
}

/** Reads the weights on demand, one by one, in the order in which the graph uses them. */
async function* readAll(
  file: Hdf5File,
  graph: Graph,
  weights: ReadonlyMap<string, LayerWeights>,
  { signal, onProgress }: LoadOptions,
): AsyncGenerator<LoadedWeight> {
  const total = [...weights.values()].reduce(
    (sum, { kernel, bias }) => sum + kernel.dataset.bytes + bias.dataset.bytes,
    0,
  );
  let loaded = 0;
  onProgress?.({ phase: 'reading', loaded, total });
  for (const slot of weightSlots(graph)) {
    const weight = weights.get(slot.layer)?.[slot.role];
    if (weight === undefined) continue;
    const data = await readWeight(file, weight, {
      layer: slot.layer,
      signal,
      onBytes(bytes) {
        loaded += bytes;
        onProgress?.({ phase: 'reading', loaded, total });
      },
    });
    yield { slot, data };
  }
  onProgress?.({ phase: 'building', loaded, total });
}

/**
 * An engine cannot be stopped while it builds. If the signal was aborted meanwhile, free the session that was built.
 */
async function unlessAborted(session: Session, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted !== true) return;
  await session.dispose();
  signal.throwIfAborted();
}
