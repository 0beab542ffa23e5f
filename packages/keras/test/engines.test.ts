import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, realpath, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from '@jest/globals';

import { EngineError, engines, loadModel } from '../src/index.js';
import { fixture, packageDirectory, temporaryDirectory } from './support/files.js';

const run = promisify(execFile);
const dist = path.join(packageDirectory, 'dist');

/**
 * Makes a project that uses the built package and some engine packages. The engine packages are in the node_modules of
 * the project. The built package and its dependencies are in a separate store, as with pnpm.
 */
async function project(
  ...packages: string[]
): Promise<{ directory: string; script: (code: string) => Promise<string> }> {
  const directory = await realpath(await temporaryDirectory());
  const store = path.join(directory, 'store', 'node_modules');
  const link = async (name: string, into: string) => {
    const to = path.join(into, name);
    await mkdir(path.dirname(to), { recursive: true });
    await symlink(await realpath(path.join(packageDirectory, 'node_modules', name)), to);
  };
  await cp(dist, path.join(store, '@dual/keras/dist'), { recursive: true });
  await cp(path.join(packageDirectory, 'package.json'), path.join(store, '@dual/keras/package.json'));
  for (const name of ['h5wasm', 'pbf', 'yauzl']) await link(name, store);
  for (const name of packages) await link(name, path.join(directory, 'node_modules'));
  await mkdir(path.join(directory, 'node_modules/@dual'), { recursive: true });
  await symlink(path.join(store, '@dual/keras'), path.join(directory, 'node_modules/@dual/keras'));
  return {
    directory,
    async script(code) {
      const file = path.join(directory, 'program.mjs');
      await writeFile(
        file,
        `import { engines, loadModel } from '@dual/keras';\nconst file = process.argv[2];\n${code}`,
      );
      const { stdout, stderr } = await run(process.execPath, [file, fixture('vgg16_small.h5')], {
        cwd: path.parse(directory).root,
      });
      expect(stderr).toBe('');
      return stdout.trim();
    },
  };
}

const PREDICT = `
const model = await loadModel(file, { architecture: 'vgg16' });
const [output] = await model.predict([{ data: new Float32Array(64 * 64 * 3), shape: [1, 64, 64, 3] }]);
console.log(model.engine, output.shape.join());
await model.dispose();`;

test('ONNX Runtime writes no telemetry', async () => {
  const { directory, script } = await project('onnxruntime-node');
  const home = path.join(directory, 'home');
  await mkdir(home);
  await script(`process.env.HOME = ${JSON.stringify(home)};${PREDICT}`);
  expect(await readdir(home)).toEqual([]);
});

test('engines() lists all engines, each installed one with its version', () => {
  const status = new Map(engines().map((engine) => [engine.name, engine]));
  expect([...status.keys()]).toEqual(['tfjs-node-gpu', 'onnxruntime', 'tfjs-node', 'wasm']);
  expect(status.get('onnxruntime')).toEqual({
    name: 'onnxruntime',
    package: 'onnxruntime-node',
    available: true,
    version: expect.stringMatching(/^1\./u),
  });
  expect(status.get('wasm')).toMatchObject({ available: true });
});

// pnpm installs these optional peers, but does not run the script that downloads their native addon.
test.each(['tfjs-node', 'tfjs-node-gpu'] as const)(
  '%s without its native addon is refused with advice',
  async (engine) => {
    const status = engines().find(({ name }) => name === engine);
    if (status?.available !== false) {
      console.warn(`SKIPPED: ${engine} is installed with its native addon here`);
      return;
    }
    const installed = status.reason.includes('without its native addon');
    const outcome = loadModel(fixture('vgg16_small.h5'), { architecture: 'vgg16', engine });
    await expect(outcome).rejects.toBeInstanceOf(EngineError);
    await expect(outcome).rejects.toMatchObject({
      code: 'ERR_KERAS_ENGINE_NOT_AVAILABLE',
      engine,
      message: expect.stringMatching(
        installed
          ? /^Engine \S+ is not available: \S+ is installed without [^;]*; allow that script to run/u
          : /is not installed; add it to your project with .*: npm install @tensorflow\/\S+$/u,
      ),
    });
  },
);

test.each([
  [['onnxruntime-node', '@tensorflow/tfjs-backend-wasm', '@tensorflow/tfjs-node-gpu'], 'onnxruntime 1,20'],
  [['@tensorflow/tfjs-backend-wasm', '@tensorflow/tfjs-node-gpu'], 'wasm 1,20'],
])('auto takes the first engine that loads, and prints nothing: %j', async (packages, line) => {
  const { script } = await project(...packages);
  expect(await script(PREDICT)).toBe(line);
});

test('the advice for a missing native addon is to allow its install script, not to add the package', async () => {
  const { directory, script } = await project();
  const bare = path.join(directory, 'node_modules/@tensorflow/tfjs-node');
  await mkdir(bare, { recursive: true });
  await writeFile(path.join(bare, 'package.json'), '{ "version": "9.9.9" }');
  const output = await script(`
    await loadModel(file, { architecture: 'vgg16', engine: 'tfjs-node' }).catch((error) => console.log(error.message));`);
  expect(output).toMatch(
    /is installed without its native addon.*; allow that script to run .* and install again$/u,
  );
  expect(output).not.toContain('npm install');
});

test('if no engine is installed, the error says which package to install', async () => {
  const { script } = await project();
  const output = await script(`
    console.log(engines().map(({ available }) => available).join());
    await loadModel(file, { architecture: 'vgg16' }).catch((error) => console.log(error.code, error.engine, error.message));
    await loadModel(file, { architecture: 'vgg16', engine: 'wasm' }).catch((error) => console.log(error.code, error.engine, error.message));`);
  const [available, auto, wasm] = output.split('\n');
  expect(available).toBe('false,false,false,false');
  expect(auto).toMatch(/^ERR_KERAS_ENGINE_NOT_AVAILABLE auto .*npm install onnxruntime-node/u);
  expect(wasm).toMatch(
    /^ERR_KERAS_ENGINE_NOT_AVAILABLE wasm .*is not installed; add it .*: npm install @tensorflow\/tfjs-backend-wasm @tensorflow\/tfjs-core/u,
  );
});

test('an engine package that throws while it loads is refused with its own message', async () => {
  const { directory, script } = await project();
  const broken = path.join(directory, 'node_modules/onnxruntime-node');
  const binary = path.join(broken, 'bin/napi-v6', process.platform, process.arch);
  await mkdir(binary, { recursive: true });
  await writeFile(path.join(binary, 'onnxruntime_binding.node'), '');
  await writeFile(path.join(broken, 'package.json'), '{ "version": "9.9.9", "main": "index.js" }');
  await writeFile(path.join(broken, 'index.js'), 'throw new Error("GLIBC_9.9 not found")');
  const output = await script(`
    await loadModel(file, { architecture: 'vgg16', engine: 'onnxruntime' }).catch((error) => console.log(error.code, error.message));`);
  expect(output).toMatch(/^ERR_KERAS_ENGINE_NOT_AVAILABLE .*onnxruntime-node 9\.9\.9.*GLIBC_9\.9 not found/u);
});

test('the pure-JS backend never replaces wasm', async () => {
  const { directory, script } = await project('@tensorflow/tfjs-core');
  const broken = path.join(directory, 'node_modules/@tensorflow/tfjs-backend-wasm');
  await mkdir(broken, { recursive: true });
  await writeFile(path.join(broken, 'package.json'), '{ "version": "9.9.9", "main": "index.js" }');
  // The first backend does not start, the second does. TensorFlow.js alone would silently use the second.
  await writeFile(
    path.join(broken, 'index.js'),
    `const tf = require('@tensorflow/tfjs-core');
     tf.registerBackend('wasm', async () => { throw new Error('no WebAssembly'); }, 2);
     tf.registerBackend('cpu', () => ({ dispose() {} }), 1);`,
  );
  const output = await script(`
    console.warn = () => {};
    await loadModel(file, { architecture: 'vgg16', engine: 'wasm' }).catch((error) => console.log(error.code, error.message));`);
  expect(output).toMatch(/^ERR_KERAS_ENGINE_NOT_AVAILABLE .*backend wasm of TensorFlow\.js did not start/u);
});

test('the wasm engine leaves no process listeners behind', async () => {
  const { script } = await project('@tensorflow/tfjs-backend-wasm');
  expect(
    await script(`${PREDICT}
      console.log(process.listenerCount('uncaughtException'), process.listenerCount('unhandledRejection'));`),
  ).toBe('wasm 1,20\n0 0');
});

test('predictions, disposed models and failed loads leave no tensors behind', async () => {
  const { script } = await project('@tensorflow/tfjs-backend-wasm', '@tensorflow/tfjs-core');
  const output = await script(`
    import { createRequire } from 'node:module';
    const tf = createRequire(import.meta.url)('@tensorflow/tfjs-core');
    const load = (options) => loadModel(file, { architecture: 'vgg16', engine: 'wasm', ...options });
    const model = await load();
    for (let run = 0; run < 2; run++) {
      await model.predict([{ data: new Float32Array(64 * 64 * 3), shape: [1, 64, 64, 3] }]);
      console.log(tf.memory().numTensors);
    }
    await model.dispose();
    console.log(tf.memory().numTensors);
    let slices = 0;
    await load({ onProgress() { if (++slices === 9) throw new Error('stop'); } }).catch((error) => console.log(error.message));
    console.log(tf.memory().numTensors);`);
  // Sixteen layers have a kernel and a bias each.
  expect(output.split('\n')).toEqual(['32', '32', '0', 'stop', '0']);
});
