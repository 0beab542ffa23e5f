// Packs the configurations that applications.py prints into a module of the package.
import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { brotliCompressSync, constants } from 'node:zlib';

const models = JSON.parse(await text(process.stdin));
const packed = brotliCompressSync(JSON.stringify(models), {
  params: { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_QUALITY]: 11 },
});
const target = new URL('../src/applications/configurations.ts', import.meta.url);
writeFileSync(
  target,
  `// Made by tools/pack-applications.mjs: do not edit.
/** The configurations of all models of keras.applications as JSON by name, packed with Brotli, in base64. */
export const PACKED =
  '${packed.toString('base64')}';
/** The names of the models. */
export const APPLICATIONS = [
${Object.keys(models)
  .map((name) => `  '${name}',`)
  .join('\n')}
] as const;
`,
);
console.log(`${Object.keys(models).length} models, ${packed.length} bytes packed`);
