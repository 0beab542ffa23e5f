import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { expect, test } from '@jest/globals';
import ts from 'typescript';

import { output } from './support/command.js';
import { published } from './support/packages.js';
import { root } from './support/paths.js';

/** Lists the entries of a package: the name to import, and the path of the built module. */
function entries(name: string): [string, string][] {
  const folder = join(root, 'packages', name);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { default: string } | { import: { default: string } }>;
  };
  return Object.entries(manifest.exports).flatMap(([path, target]): [string, string][] => {
    if (typeof target === 'string') return [];
    const file = 'import' in target ? target.import.default : target.default;
    return [[`@dual/${name}${path.slice(1)}`, join(folder, file)]];
  });
}

const modules = new Map(published.flatMap(entries));
const declarations = (module: string): string => module.replace(/\.js$/, '.d.ts');
const program = ts.createProgram([...modules.values()].map(declarations), {
  module: ts.ModuleKind.NodeNext,
  skipLibCheck: true,
});

/** Lists the names that the types of an entry export, sorted, as `class Broker`, `type BrokerOptions`, … */
function publicNames(entry: string): string[] {
  const module = modules.get(entry);
  const source = module === undefined ? undefined : program.getSourceFile(declarations(module));
  const checker = program.getTypeChecker();
  const symbol = source && checker.getSymbolAtLocation(source);
  if (symbol === undefined) throw new Error(`${entry} is not an entry, or its declarations are not a module`);
  return checker
    .getExportsOfModule(symbol)
    .map((name) => {
      const isType =
        name.declarations?.some((declaration) => ts.isTypeOnlyExportDeclaration(declaration)) === true;
      const target = name.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(name) : name;
      return { name: name.name, kind: isType ? 'type' : kind(target.flags) };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, kind }) => `${kind} ${name}`);
}

function kind(flags: ts.SymbolFlags): string {
  if (flags & ts.SymbolFlags.Class) return 'class';
  if (flags & ts.SymbolFlags.Function) return 'function';
  if (flags & ts.SymbolFlags.Variable) return 'const';
  return 'type';
}

/** Lists the names that a built module exports at run time. */
async function exportedAtRunTime(module: string): Promise<string[]> {
  const url = pathToFileURL(module).href;
  const script = `console.log(Object.keys(await import(${JSON.stringify(url)})).join('\\n'))`;
  const text = await output(process.execPath, ['--input-type=module', '-e', script], { cwd: root });
  return text.split('\n').sort();
}

// Users rely on these names. If you change a list, check whether the package needs a new version.
test('@dual/broker exports exactly these names', () => {
  expect(publicNames('@dual/broker')).toMatchInlineSnapshot(`
    [
      "type BatchMethodName",
      "type BatchOptions",
      "class BatchResultError",
      "type BatchStats",
      "type BatchesOf",
      "class Broker",
      "class BrokerClosedError",
      "class BrokerError",
      "type BrokerErrorCode",
      "type BrokerErrorDetails",
      "type BrokerEvents",
      "type BrokerOptions",
      "type BrokerState",
      "type BrokerStats",
      "type Call",
      "class CallCancelledError",
      "type CallOptions",
      "type CallProgress",
      "type CallQueueMessage",
      "type CallRefuseMessage",
      "type CallSettleMessage",
      "type CallStartMessage",
      "type CallState",
      "type CallStats",
      "class CallTimeoutError",
      "type ClientEvents",
      "type ClientStats",
      "type CloseOptions",
      "type CommonOptions",
      "type DiagnosticsMessages",
      "class DuplicateKeyError",
      "type DurationSummary",
      "type Environment",
      "type FactoryArgs",
      "class InvalidOptionError",
      "type KeepOptions",
      "type KillDelayOptions",
      "type LimitOptions",
      "type MethodArgs",
      "type MethodName",
      "type MethodResult",
      "type ObservedBroker",
      "type OptionsArg",
      "type OutputInfo",
      "type OutputOption",
      "type PipelineClient",
      "type PipelineFactory",
      "type PipelineOf",
      "class PipelineStartError",
      "type ProcessExit",
      "class ProcessExitError",
      "type ProcessExitMessage",
      "type ProcessMessage",
      "type ProcessRange",
      "type ProcessState",
      "type ProcessStats",
      "class ProtocolError",
      "class QueueFullError",
      "type RecycleOptions",
      "type Remote",
      "type RestartOptions",
      "class SerializationError",
      "type SharedMemoryOptions",
      "type SharedMemoryStats",
      "type StateMessage",
      "type StreamChunk",
      "type StreamName",
      "type UnknownFactory",
      "class UnknownMethodError",
      "type UnknownPipeline",
    ]
  `);
});

test('@dual/broker/pipeline exports exactly these names', () => {
  expect(publicNames('@dual/broker/pipeline')).toMatchInlineSnapshot(`
    [
      "type CurrentCall",
      "function currentCall",
    ]
  `);
});

test('@dual/keras exports exactly these names', () => {
  expect(publicNames('@dual/keras')).toMatchInlineSnapshot(`
    [
      "type Application",
      "type ApplicationName",
      "type Builder",
      "type DeclareWeight",
      "class DisposedError",
      "class DownloadError",
      "type DownloadProgress",
      "class EngineError",
      "type EngineName",
      "type EngineStatus",
      "type FetchWeightsOptions",
      "class InputError",
      "type Inputs",
      "type InspectOptions",
      "class KerasError",
      "type KerasErrorCode",
      "type LayerCall",
      "type LayerInfo",
      "type LayerReport",
      "type LoadOptions",
      "type LoadProgress",
      "type Lowered",
      "type Lowering",
      "type Model",
      "class ModelFileError",
      "type ModelReport",
      "class OptionError",
      "type Tensor",
      "type TensorData",
      "type TensorInfo",
      "type ToOnnxOptions",
      "type Value",
      "function engines",
      "function fetchWeights",
      "function inspectModel",
      "function loadModel",
      "function toOnnx",
    ]
  `);
});

test('@dual/keras/imagenet exports exactly these names', () => {
  expect(publicNames('@dual/keras/imagenet')).toMatchInlineSnapshot(`
    [
      "const IMAGENET_LABELS",
      "type ImageClassifier",
      "type ImageClassifierOptions",
      "const PREPROCESSINGS",
      "type Preprocessing",
      "type Ranked",
      "const VGG_MEANS_BGR",
      "function imageClassifier",
      "function preprocess",
      "function topK",
    ]
  `);
});

test('the packages have no other entries', () => {
  expect([...modules.keys()]).toEqual([
    '@dual/broker',
    '@dual/broker/pipeline',
    '@dual/broker/wire',
    '@dual/broker/testing',
    '@dual/keras',
    '@dual/keras/imagenet',
    '@dual/http',
  ]);
});

test.each([...modules])('%s exports the names of its types at run time', async (entry, module) => {
  const promised = publicNames(entry)
    .filter((line) => !line.startsWith('type '))
    .map((line) => line.split(' ')[1]);
  expect(await exportedAtRunTime(module)).toEqual(promised);
});
