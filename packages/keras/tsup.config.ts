import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { index: 'src/index.ts', imagenet: 'src/imagenet/index.ts', cli: 'src/cli/main.ts' },
  format: 'esm',
  target: 'node20.19',
  clean: true,
  sourcemap: true,
  dts: true,
});
