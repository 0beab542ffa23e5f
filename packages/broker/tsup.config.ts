import { readFile } from 'node:fs/promises';

import { defineConfig, type Options } from 'tsup';
import ts from 'typescript';

/** Comments are a third of the package, and of no use to a program. The declarations keep theirs. */
const withoutComments: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'without-comments',
  setup(build) {
    build.onLoad({ filter: /src[\\/].*\.ts$/ }, async ({ path }) => {
      const compilerOptions = {
        target: ts.ScriptTarget.ESNext,
        module: ts.ModuleKind.ESNext,
        removeComments: true,
        verbatimModuleSyntax: true,
      };
      const { outputText } = ts.transpileModule(await readFile(path, 'utf8'), { compilerOptions });
      return { contents: outputText, loader: 'js' };
    });
  },
};

/** Nor are the names of the sources, which esbuild writes above the code of each. */
const withoutNames: NonNullable<Options['plugins']>[number] = {
  name: 'without-names',
  renderChunk: (code) => ({ code: code.replace(/^\/\/ (src\/|builtin:).*\n/gm, '') }),
};

/**
 * If a bundler makes an ES module of CommonJS, `require` does not exist there, and `getBuiltinModule` does. The names are
 * constants, because a getter for each use, as esbuild would make them, costs 2 % of a small call.
 */
const builtinsWithoutRequire: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'builtins-without-require',
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin', sideEffects: false }));
    build.onLoad({ filter: /.*/, namespace: 'builtin' }, async ({ path }) => {
      const names = Object.keys((await import(path)) as object).filter((name) =>
        /^(?!default$)[\w$]+$/.test(name),
      );
      const constants = names.map((name) => `export const ${name} = /* @__PURE__ */ (() => it.${name})();`);
      const get = `/* @__PURE__ */ process.getBuiltinModule(${JSON.stringify(path)})`;
      return { contents: `const it = ${get};\nexport default it;\n${constants.join('\n')}` };
    });
  },
};

const common = {
  target: 'node20.19',
  outDir: 'dist',
  splitting: false,
  removeNodeProtocol: false,
  esbuildPlugins: [withoutComments],
  plugins: [withoutNames],
} satisfies Options;

export default defineConfig([
  // In CommonJS, because everything can load that.
  {
    ...common,
    entry: { implementation: 'src/implementation.ts', pipeline: 'src/pipeline.ts' },
    format: 'cjs',
    publicDir: 'entries/types',
    esbuildPlugins: [withoutComments, builtinsWithoutRequire],
  },
  // The entries of the package: small files over the implementation.
  {
    ...common,
    entry: {
      index: 'entries/index.mjs',
      pipeline: 'entries/pipeline.mjs',
      wire: 'entries/wire.mjs',
      testing: 'entries/testing.mjs',
    },
    format: 'esm',
    external: [/\.cjs$/],
  },
  {
    ...common,
    entry: { index: 'entries/index.cjs', wire: 'entries/wire.cjs', testing: 'entries/testing.cjs' },
    format: 'cjs',
    external: [/implementation\.cjs$/],
  },
  // Their types. Those of the ES modules refer to those of CommonJS, as the modules do.
  {
    ...common,
    entry: {
      index: 'src/index.ts',
      pipeline: 'src/pipeline.ts',
      wire: 'src/wire.ts',
      testing: 'src/testing.ts',
    },
    format: 'cjs',
    dts: { only: true, compilerOptions: { stripInternal: true } },
  },
  // The child: one file, which bundlers can copy.
  {
    ...common,
    entry: { child: 'src/child/entry.ts' },
    format: 'esm',
    outExtension: () => ({ js: '.mjs' }),
    // User code in the child may replace globals; what runs beside it keeps the ones that were there first.
    banner: {
      js: 'const { Promise, Map, Set, WeakMap, Object, Reflect, Symbol, Error, TypeError, Array, Number, String, BigInt, Date, Math, JSON, ArrayBuffer, DataView, Uint8Array, Atomics, AbortController, queueMicrotask } = globalThis;',
    },
  },
]);
