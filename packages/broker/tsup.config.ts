import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    pipeline: 'src/pipeline.ts',
    child: 'src/child/entry.ts',
  },
  format: 'esm',
  target: 'node20.19',
  clean: true,
  sourcemap: true,
  dts: { entry: { index: 'src/index.ts', pipeline: 'src/pipeline.ts' } },
});
