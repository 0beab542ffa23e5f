import type { Session } from './engines/engine.js';
import { selectEngine } from './engines/select.js';
import { InputError } from './errors.js';
import type { ModelGraph } from './graph/model-graph.js';
import { Model } from './model.js';
import { checkOptions, type LoadOptions, pathOf } from './options.js';
import { openModelFile, planModel, readWeights } from './plan.js';

/**
 * Opens a trained model and makes it ready to predict. Reads the file in slices and lets the event loop run after each.
 *
 * @param file Path or file URL of a model: a `.keras` archive, packed or not; an HDF5 file of any version of Keras, with
 * a whole model or only weights; or a layers model of TensorFlow.js. The first bytes tell which, not the name.
 * @param options How to load it. A file with only weights needs `config` or `architecture`.
 * @returns The model. Call its `dispose` when you no longer need it.
 * @throws {OptionError} When `file` or an option has an invalid value, or an option is unknown.
 * @throws {ModelFileError} When the file is missing or damaged, or holds what cannot be run.
 * @throws {EngineError} When no engine, or not the requested one, can run the model.
 * @throws {DOMException} When `options.signal` is aborted. If it was aborted with a reason, that reason is thrown
 * instead.
 */
export async function loadModel(file: string | URL, options: LoadOptions = {}): Promise<Model> {
  checkOptions(options);
  const { signal, threads } = options;
  signal?.throwIfAborted();
  const path = pathOf(file);
  await using container = await openModelFile(path, options);
  const { lowered, binding } = await planModel(path, container, options);
  const graph: ModelGraph = { inputs: lowered.inputs, outputs: lowered.outputs };
  // Check the file first: some engines take seconds to load, and a bad file should be refused without that delay.
  const engine = await selectEngine(options.engine ?? 'auto', graph, lowered.layerOf);
  const session = await engine.build(graph, await readWeights(graph, binding, options), { threads });
  await unlessAborted(session, signal);

  /** A session for the outputs of layers. It reads the file again, because a model keeps no copy of its weights. */
  const featureSession = async (names: readonly string[]) => {
    await using again = await openModelFile(path, options);
    const second = await planModel(path, again, options);
    const outputs = names.map((name) => {
      const value = second.lowered.layers.find((layer) => layer.name === name)?.outputs[0];
      if (value === undefined)
        throw new InputError(`the model has no layer ${name}. model.layers lists them`);
      return { name, value };
    });
    const features: ModelGraph = { inputs: second.lowered.inputs, outputs };
    return await engine.build(features, await readWeights(features, second.binding, {}), { threads });
  };
  return new Model(graph, engine.name, { session, featureSession, layers: lowered.layers });
}

/**
 * An engine cannot be stopped while it builds. If the signal was aborted meanwhile, free the session that was built.
 */
async function unlessAborted(session: Session, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted !== true) return;
  await session.dispose();
  signal.throwIfAborted();
}
