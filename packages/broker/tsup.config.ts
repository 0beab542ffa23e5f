import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    pipeline: 'src/pipeline.ts',
    wire: 'src/wire.ts',
    child: 'src/child/entry.ts',
  },
  format: 'esm',
  target: 'node20.19',
  clean: true,
  sourcemap: true,
  // User code in the child may replace globals; what runs beside it keeps the ones that were there first.
  banner: {
    js: 'const { Promise, Map, Set, WeakMap, Object, Reflect, Symbol, Error, TypeError, Array, Number, String, BigInt, Date, Math, JSON, ArrayBuffer, DataView, Uint8Array, Atomics, AbortController, queueMicrotask } = globalThis;',
  },
  dts: { entry: { index: 'src/index.ts', pipeline: 'src/pipeline.ts', wire: 'src/wire.ts' } },
});
