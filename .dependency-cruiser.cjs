// The import direction of lib/: what each layer may import, as CONTRIBUTING.md draws it.

const FEATURES = 'sources|event-types|handlers|aggregates|followers|transports';
const DOORS = 'http|admin|cli';
/** Folders whose subfolders implement one port, one subfolder each. */
const PORTS = 'store/dialects|transports';
/** One of these subfolders; `shared` is for all of them. */
const ADAPTER = `^lib/(${PORTS})/(?!shared/)[^/]+/`;
/** The rooms of the store: each may import those before it. */
const ROOMS = [
  'ports',
  'dialects',
  'db',
  'registry',
  'deliveries',
  'commits',
  'typeorm',
  'log',
  'followers',
  'views',
  'upkeep',
];
/** Where the engine is put together; everything below can be made with `new`. */
const TOP = '(event-sourcing\\.module\\.ts|module/|testing/|terminus/|index\\.ts)';

const lib = (folders) => `^lib/(${folders})/`;
const npm = (name) => `node_modules/${name}/`;
/** The surface of each subpath export, of the script that is built for browsers, and of the program. */
const PUBLIC = [
  '^lib/index\\.ts$',
  '^lib/[^/]+/index\\.ts$',
  // Each transport has a subpath of its own.
  '^lib/transports/[^/]+/index\\.ts$',
  '^lib/client/script\\.ts$',
  '^lib/cli/bin\\.ts$',
];
const TYPES_ONLY = ['type-only', 'type-import', 'pre-compilation-only'];

/** A rule that a layer imports nothing of lib/ but the folders named. */
const layer = (folders, allowed) => ({
  name: `layer-${folders.split('|')[0]}`,
  comment: `lib/{${folders}} may import, of lib/, only {${allowed}}.`,
  severity: 'error',
  from: { path: lib(folders) },
  to: { path: '^lib/', pathNot: lib(allowed) },
});

/** A rule that a room of the store imports no room above it. */
const room = (name, index) => ({
  name: `store-${name}`,
  comment: `lib/store/${name} may import, of the store, only {${ROOMS.slice(0, index + 1)}}.`,
  severity: 'error',
  from: { path: `^lib/store/${name}/` },
  to: { path: '^lib/store/', pathNot: `^lib/store/(${ROOMS.slice(0, index + 1).join('|')})/` },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'core-imports-nothing',
      comment: 'lib/core is plain TypeScript: no package, only Node itself.',
      severity: 'error',
      from: { path: lib('core') },
      to: { dependencyTypesNot: ['core', 'local', 'type-only', 'type-import'] },
    },
    {
      name: 'core-knows-no-package-types',
      severity: 'error',
      from: { path: lib('core') },
      to: { path: npm('.+') },
    },
    layer('core', 'core'),
    {
      name: 'client-stands-alone',
      comment:
        'lib/client runs in browsers: it imports nothing but itself, not even Node, and nothing imports it.',
      severity: 'error',
      from: { path: lib('client') },
      to: { pathNot: lib('client') },
    },
    {
      name: 'client-is-for-browsers',
      severity: 'error',
      from: { path: '^lib/', pathNot: lib('client') },
      to: { path: lib('client') },
    },
    layer('runtime', 'core|runtime'),
    layer('payload', 'core|runtime|payload'),
    layer('store', 'core|runtime|payload|store'),
    ...ROOMS.map(room),
    {
      name: 'store-has-no-files-outside-of-its-rooms',
      severity: 'error',
      from: {},
      to: { path: `^lib/store/(?!(${ROOMS.join('|')})/)` },
    },
    layer(FEATURES, `core|runtime|payload|store|${FEATURES}`),
    // Commands are events whose handlers have results.
    layer('commands', 'core|runtime|payload|store|event-types|handlers|commands'),
    layer('telemetry', 'core|telemetry'),
    {
      name: 'telemetry-behind-its-port',
      comment:
        'The engine knows core/telemetry.ts; what implements it is chosen where the engine is put together.',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/(telemetry/|event-sourcing\\.module\\.ts)' },
      to: { path: ['^lib/telemetry/', npm('@opentelemetry')] },
    },
    layer(DOORS, `core|runtime|payload|store|${FEATURES}|${DOORS}`),
    {
      name: 'no-sibling-feature',
      comment: 'When two features need the same thing, it moves down.',
      severity: 'error',
      from: { path: `^lib/(${FEATURES})/` },
      to: { path: lib(FEATURES), pathNot: '^lib/$1/' },
    },
    {
      name: 'no-sibling-door',
      severity: 'error',
      from: { path: `^lib/(${DOORS})/` },
      to: { path: lib(DOORS), pathNot: '^lib/$1/' },
    },
    {
      name: 'no-adapter-from-outside',
      comment: 'A feature knows a port, never one of its implementations.',
      severity: 'error',
      from: { path: lib(`payload|${FEATURES}|${DOORS}`), pathNot: ADAPTER },
      to: { path: ADAPTER },
    },
    {
      name: 'one-file-lists-the-databases',
      comment: 'lib/store/db/dialects.ts is the only line to add for a new database.',
      severity: 'error',
      from: { path: '^lib/store/', pathNot: '^lib/store/(db/dialects\\.ts$|dialects/)' },
      to: { path: '^lib/store/dialects/' },
    },
    {
      name: 'no-sibling-adapter',
      comment: 'One implementation of a port never leans on another: copy, or move it to the port.',
      severity: 'error',
      from: { path: `^lib/(${PORTS})/([^/]+)/` },
      to: { path: ADAPTER, pathNot: `^lib/$1/$2/` },
    },
    {
      name: 'module-above-all-but-testing',
      severity: 'error',
      from: { path: '^lib/(module/|event-sourcing\\.module\\.ts)' },
      to: { path: lib('testing') },
    },
    {
      name: 'index-is-for-users',
      comment:
        'index.ts is the public surface of a subpath: nothing of lib/ imports it, and there are no barrels.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: ['^lib/index\\.ts$', '^lib/.+/index\\.ts$'] },
    },
    {
      name: 'nest-core-only-on-top',
      comment:
        '@nestjs/core only where the application is known; a feature can be made with new. Elsewhere only its types.',
      severity: 'error',
      from: { path: '^lib/', pathNot: `^lib/(${TOP}|(${DOORS})/)` },
      to: { path: npm('@nestjs/core'), dependencyTypesNot: TYPES_ONLY },
    },
    {
      name: 'typeorm-runs-only-in-store-sources-module',
      comment: 'Elsewhere only its types: import type.',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/((store|sources|module)/|event-sourcing\\.module\\.ts)' },
      to: { path: npm('typeorm'), dependencyTypesNot: TYPES_ONLY },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'lib-stands-alone',
      comment: 'What is published knows nothing of tests, the sample application or benchmarks.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: '^(test|sample-app|bench)/' },
    },
    {
      name: 'no-undeclared-package',
      comment: 'lib/ imports only dependencies and peer dependencies: nothing else is there at a user’s.',
      severity: 'error',
      from: { path: '^lib/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'],
        dependencyTypesNot: ['npm', 'npm-peer'],
      },
    },
    {
      name: 'sample-app-uses-the-public-surface',
      severity: 'error',
      from: { path: '^sample-app/' },
      to: { path: '^lib/', pathNot: PUBLIC },
    },
    {
      name: 'no-dead-files',
      comment: 'Everything in lib/ can be reached from the public surface.',
      severity: 'error',
      from: { path: PUBLIC },
      to: { path: '^lib/', pathNot: PUBLIC, reachable: false },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|\\.tmp)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: 'specify',
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['main', 'types'],
    },
  },
};
