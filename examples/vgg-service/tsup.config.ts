import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { main: 'src/main.ts', pipeline: 'src/pipeline.ts', decoder: 'src/decoder/decoder.ts' },
  format: 'esm',
  target: 'node20.19',
  clean: true,
  sourcemap: true,
});
