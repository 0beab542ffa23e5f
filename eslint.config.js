import { defineConfig } from 'eslint/config';
import jsdoc from 'eslint-plugin-jsdoc';
import simpleImportSort from 'eslint-plugin-simple-import-sort';
import tseslint from 'typescript-eslint';

/** Files whose types and functions users see in their editor. */
const PUBLIC_FILES = [
  'packages/broker/src/{index,pipeline,broker,client,errors}.ts',
  'packages/broker/src/call/{call,progress}.ts',
  'packages/broker/src/child/context.ts',
  'packages/broker/src/observe/{batch-meter,broker-events,call-meter,diagnostics-messages,durations}.ts',
  'packages/broker/src/options/options.ts',
  'packages/broker/src/process/{exit,process-stats}.ts',
  'packages/broker/src/remote/remote.ts',
  'packages/keras/src/{index,errors,options,model,load-model}.ts',
  'packages/keras/src/download/fetch-weights.ts',
  'packages/keras/src/engines/availability.ts',
  'packages/http/src/**/*.ts',
];

export default defineConfig(
  {
    // The declarations in entries/ lie beside what they refer to only once they are built.
    ignores: ['**/dist/**', '**/coverage/**', '**/node_modules/**', '**/fixtures/**', '**/entries/types/**'],
  },
  {
    // One order and one form of imports, everywhere.
    files: ['**/*.{ts,js,mjs,cjs}'],
    plugins: { 'simple-import-sort': simpleImportSort },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'simple-import-sort/imports': 'error',
      'simple-import-sort/exports': 'error',
      'no-duplicate-imports': ['error', { allowSeparateTypeImports: false }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Numbers read well in messages, and cannot be undefined by mistake as other values can.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // A `default` covers the remaining cases; without one every case has to be there.
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // `const { secret: _secret, ...rest } = all` is how one leaves something out.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-import-type-side-effects': 'error',
    },
  },
  {
    // One form of every tag.
    files: ['{packages,examples}/*/{src,bench,soak}/**/*.ts'],
    plugins: { jsdoc },
    settings: { jsdoc: { mode: 'typescript' } },
    rules: {
      'jsdoc/check-alignment': 'error',
      'jsdoc/check-param-names': ['error', { checkDestructured: false, disableMissingParamChecks: true }],
      'jsdoc/check-tag-names': 'error',
      'jsdoc/no-blank-blocks': 'error',
      'jsdoc/no-types': 'error',
      'jsdoc/require-param-description': 'error',
      'jsdoc/require-returns-description': 'error',
      'jsdoc/require-throws-type': 'error',
    },
  },
  {
    // One casing of constants.
    files: ['{packages,examples}/*/{src,bench}/**/*.ts'],
    rules: {
      '@typescript-eslint/naming-convention': [
        'error',
        {
          selector: 'variable',
          modifiers: ['const', 'global'],
          types: ['boolean', 'number', 'string'],
          format: ['UPPER_CASE'],
        },
      ],
    },
  },
  {
    files: PUBLIC_FILES,
    rules: {
      'jsdoc/require-jsdoc': [
        'error',
        {
          publicOnly: true,
          require: { ClassDeclaration: true, FunctionDeclaration: true },
          contexts: ['TSInterfaceDeclaration', 'TSTypeAliasDeclaration', 'TSPropertySignature'],
        },
      ],
    },
  },
  {
    // The functions and methods that users call.
    files: ['packages/broker/src/{broker,client}.ts', 'packages/keras/src/load-model.ts'],
    rules: {
      'jsdoc/require-param': [
        'error',
        {
          checkDestructured: false,
          contexts: [
            'ExportNamedDeclaration > FunctionDeclaration',
            'ExportNamedDeclaration > ClassDeclaration > ClassBody > MethodDefinition[key.type="Identifier"]',
            'TSMethodSignature',
          ],
        },
      ],
    },
  },
  {
    files: ['packages/broker/src/{client,options/options}.ts', 'packages/keras/src/options.ts'],
    rules: {
      'jsdoc/no-restricted-syntax': [
        'error',
        {
          contexts: [
            {
              context: 'TSInterfaceDeclaration TSPropertySignature[optional=true]',
              comment: 'JsdocBlock:not(:has(JsdocTag[tag="default"]))',
              message: 'An option must name its @default.',
            },
          ],
        },
      ],
    },
  },
  {
    // Type tests name methods to look at their types, and call none.
    files: ['**/test-d/**'],
    rules: { '@typescript-eslint/unbound-method': 'off' },
  },
);
