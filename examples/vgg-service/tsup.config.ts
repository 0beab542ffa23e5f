import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/main.ts', 'src/pipeline.ts'],
  format: 'esm',
  target: 'node20.19',
  clean: true,
  sourcemap: true,
});
