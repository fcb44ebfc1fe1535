/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.spec.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.tmp/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^nestjs-once$': '<rootDir>/lib/index.ts',
    '^nestjs-once/cli$': '<rootDir>/lib/cli/index.ts',
    '^nestjs-once/client$': '<rootDir>/lib/client/index.ts',
    '^nestjs-once/memory$': '<rootDir>/lib/transports/memory/index.ts',
    '^nestjs-once/testing$': '<rootDir>/lib/testing/index.ts',
    '^nestjs-once/terminus$': '<rootDir>/lib/terminus/index.ts',
    // TypeScript's ESM imports name the .js that the .ts will become.
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  setupFiles: ['reflect-metadata'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
        module: { type: 'es6' },
      },
    ],
  },
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  reporters: ['default', '<rootDir>/test/support/database-reporter.mjs'],
  maxWorkers: 2,
  // Of each file that a worker has run, its modules stay in memory: some 20 MB. A worker with more than this is replaced.
  workerIdleMemoryLimit: '800MB',
  // Only what hangs is to meet it: a loaded machine may take long for anything.
  testTimeout: 180_000,
};
