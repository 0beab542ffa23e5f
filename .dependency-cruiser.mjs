/**
 * Which file may import which. docs/architecture.md explains and draws it, under "Source layout".
 * @type {import('dependency-cruiser').IConfiguration}
 */
export default {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Files that import each other cannot be understood, or loaded, one after the other.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-circle-of-folders',
      comment: 'If a folder needs another, that one must not need it: move the shared file to the lower one.',
      severity: 'error',
      scope: 'folder',
      from: { path: '^packages/broker/src/' },
      to: { circular: true },
    },
    {
      name: 'channel-knows-errors-only',
      comment: 'channel/ moves bytes and values. It knows neither calls nor processes.',
      severity: 'error',
      from: { path: '^packages/broker/src/channel/' },
      to: { path: '^packages/broker/src/', pathNot: '^packages/broker/src/(channel/|errors\\.ts$)' },
    },
    {
      name: 'child-knows-channel-and-errors-only',
      comment: 'child/ runs in the other process, where there is no broker.',
      severity: 'error',
      from: { path: '^packages/broker/src/child/' },
      to: { path: '^packages/broker/src/', pathNot: '^packages/broker/src/(child/|channel/|errors\\.ts$)' },
    },
    {
      name: 'queue-and-process-apart',
      comment:
        'The queue does not know what runs a call, and a process does not know what waits. The Dispatcher joins them.',
      severity: 'error',
      from: { path: '^packages/broker/src/(queue|process)/' },
      to: { path: '^packages/broker/src/(queue|process)/', pathNot: '^packages/broker/src/$1/' },
    },
    {
      name: 'only-index-imports-broker',
      comment: 'broker.ts knows every part, and no part knows it.',
      severity: 'error',
      from: { path: '^packages/broker/src/', pathNot: '^packages/broker/src/index\\.ts$' },
      to: { path: '^packages/broker/src/broker\\.ts$' },
    },
  ],
  options: {
    // Imports of types count too.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/dist/' },
    includeOnly: { path: '^(packages|examples)/[^/]+/(src|bench|soak)/' },
  },
};
