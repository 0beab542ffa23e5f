/**
 * Compares models with other ways to run them on this CPU, in turns: with the ONNX file that Keras itself exports, and with
 * TensorFlow in Python. For each NAME.keras in a folder it uses NAME.onnx if it is there.
 *
 *   node bench/peers.mjs FOLDER [--only NAME,NAME] [--threads N] [--rounds N] [--batch N,N] [--python PROGRAM]
 *
 * `--python` names a Python that has Keras and TensorFlow.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

import { loadModel } from '@dual/keras';
import * as ort from 'onnxruntime-node';

/** How long one contender predicts before the next one has its turn, in ms. */
const TURN_MS = 700;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '9' },
    batch: { type: 'string', default: '1,8' },
    python: { type: 'string' },
  },
});
const [FOLDER = '.'] = positionals;
const THREADS = Number(values.threads);
const names =
  values.only?.split(',') ??
  readdirSync(FOLDER)
    .filter((file) => file.endsWith('.keras'))
    .map((file) => file.slice(0, -'.keras'.length));

console.log(
  '| model | batch | contender | ms per picture | ratio to it (10th to 90th percentile of the rounds) |',
);
console.log('| --- | --- | --- | --- | --- |');
for (const name of names) await compare(name);

async function compare(name) {
  const file = path.join(FOLDER, name);
  const ours = await loadModel(`${file}.keras`, { engine: 'onnxruntime', threads: THREADS });
  // 224 where the model takes pictures of any size.
  const shape = ours.inputs[0].shape.slice(1).map((length) => length ?? 224);
  const others = [
    ...(existsSync(`${file}.onnx`) ? [await exported(`${file}.onnx`)] : []),
    ...(values.python === undefined ? [] : [await tensorflow(`${file}.keras`)]),
  ];
  for (const batch of values.batch.split(',').map(Number)) {
    const input = {
      shape: [batch, ...shape],
      data: noise(batch * shape.reduce((product, n) => product * n, 1)),
    };
    const contenders = [
      timedHere({ label: 'here', predict: async (given) => (await ours.predict([given]))[0].data }),
      ...others,
    ];
    const answers = [];
    for (const { predict } of contenders) answers.push(await predict(input));
    const rounds = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      const times = new Map();
      for (let turn = 0; turn < contenders.length; turn++) {
        const contender = contenders[(turn + round) % contenders.length];
        times.set(contender.label, (await contender.turn(input)) / batch);
      }
      rounds.push(times);
    }
    for (const [index, { label }] of contenders.entries()) {
      const ms = middle(rounds.map((times) => times.get(label)));
      const ratios = rounds.map((times) => times.get('here') / times.get(label));
      const [low, high] = [percentile(ratios, 0.1), percentile(ratios, 0.9)];
      const ratio =
        index === 0 ? '' : `${middle(ratios).toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
      const off = index === 0 ? '' : `, off ${difference(answers[0], answers[index]).toExponential(1)}`;
      console.log(`| ${name} | ${batch} | ${label} | ${ms.toFixed(2)} | ${ratio}${off} |`);
    }
  }
  for (const { end } of others) await end();
  await ours.dispose();
}

/** The file that Keras exports. */
async function exported(file) {
  const session = await ort.InferenceSession.create(file, {
    intraOpNumThreads: THREADS,
    logSeverityLevel: 3,
  });
  return timedHere({
    label: "Keras's ONNX export",
    async predict({ data, shape }) {
      const results = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', data, shape) });
      return results[session.outputNames[0]].data;
    },
    end: () => session.release(),
  });
}

/** A process of Python, which measures its own turns. */
async function tensorflow(file) {
  const script = new URL('peers.py', import.meta.url).pathname;
  const child = spawn(values.python, [script, file, String(THREADS), String(TURN_MS / 1000)], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (request) => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value } = await lines.next();
    if (value === undefined) throw new Error(`${values.python} has ended`);
    return JSON.parse(value);
  };
  return {
    label: 'TensorFlow in Python',
    predict: async ({ data, shape }) => Float32Array.from(await ask({ shape, data: [...data] })),
    turn: () => ask('turn'),
    end: () => child.kill(),
  };
}

/** Predicts again and again, and takes the median time in ms. */
function timedHere(contender) {
  const turn = async (input) => {
    const times = [];
    for (const begin = performance.now(); performance.now() - begin < TURN_MS || times.length < 3;) {
      const start = performance.now();
      await contender.predict(input);
      times.push(performance.now() - start);
    }
    return middle(times);
  };
  return { ...contender, turn };
}

function percentile(numbers, part) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.round((sorted.length - 1) * part)];
}

function middle(numbers) {
  return percentile(numbers, 0.5);
}

/** The largest difference, relative to the largest value. */
function difference(a, b) {
  const largest = a.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  return a.reduce((max, value, index) => Math.max(max, Math.abs(value - b[index])), 0) / largest;
}

/** The same numbers between 0 and 1 in each run. */
function noise(length) {
  let state = 1;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  });
}
