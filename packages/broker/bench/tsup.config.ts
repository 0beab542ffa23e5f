import { defineConfig } from 'tsup';

const common = { outDir: 'bench/dist', target: 'node20.19' } as const;

/** The benchmark as plain JavaScript, file by file: a TypeScript loader would be measured with what it loads. */
export default defineConfig([
  {
    ...common,
    format: 'esm',
    bundle: false,
    entry: ['bench/**/*.ts', '!bench/tsup.config.ts', '!bench/throughput/**'],
  },
  // This one measures a part of the package's source as well.
  {
    ...common,
    format: 'esm',
    external: ['@dual/broker'],
    entry: {
      'throughput/main': 'bench/throughput/main.ts',
      'throughput/pipeline': 'bench/throughput/pipeline.ts',
    },
  },
  // In a cluster's worker, the pool's first message comes while an ES module is still loading, and is lost.
  {
    ...common,
    format: 'cjs',
    external: ['poolifier'],
    entry: { 'worker/poolifier': 'bench/worker/poolifier.ts' },
  },
]);
