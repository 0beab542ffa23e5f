import { defineConfig } from 'tsup';

const common = { outDir: 'bench/dist', target: 'node20.19' } as const;

/** Builds the benchmark as plain JavaScript, file by file. A TypeScript loader would distort the figures. */
export default defineConfig([
  {
    ...common,
    format: 'esm',
    bundle: false,
    entry: ['bench/**/*.ts', '!bench/tsup.config.ts', '!bench/throughput/**'],
  },
  // The throughput benchmark also measures a part of the package's source, so it is bundled.
  {
    ...common,
    format: 'esm',
    external: ['@dual/broker'],
    entry: {
      'throughput/main': 'bench/throughput/main.ts',
      'throughput/pipeline': 'bench/throughput/pipeline.ts',
    },
  },
  // CommonJS, because a cluster worker loses the pool's first message if it arrives while an ES module is loading.
  {
    ...common,
    format: 'cjs',
    external: ['poolifier'],
    entry: { 'worker/poolifier': 'bench/worker/poolifier.ts' },
  },
]);
