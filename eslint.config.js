import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const SIZES = {
  'max-lines': ['error', { max: 300 }],
  'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
  'max-depth': ['error', 3],
  complexity: ['error', 15],
};

export default defineConfig(
  { ignores: ['dist/', '.tmp/', 'coverage/', 'bench/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'Name what is exported.' },
      ],
      'object-shorthand': 'error',
      'prefer-const': 'error',
      // Leaves alone what a decorator's metadata needs at run time.
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // A name for what is derived from a declaration.
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
      // A class as a value is `Function` in TypeORM's own types.
      '@typescript-eslint/no-unsafe-function-type': 'off',
      // Reports `String(value)` of what has been narrowed to a primitive.
      '@typescript-eslint/no-base-to-string': 'off',
      // Our ports and options are plain objects whose functions know no `this`.
      '@typescript-eslint/unbound-method': 'off',
      // An interface may ask for a promise, or a generator be async, without anything to await.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['lib/**/*.ts'],
    rules: {
      ...SIZES,
      'no-console': 'error',
      // In TypeScript's es2024 library, but not in Node 20.
      'no-restricted-properties': [
        'error',
        { object: 'Map', property: 'groupBy' },
        { object: 'Object', property: 'groupBy' },
        { object: 'Promise', property: 'withResolvers' },
        { object: 'Atomics', property: 'waitAsync' },
      ],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
    },
  },
  {
    // A room names what it exports in a file of its own, where there is no place left in this one.
    files: ['lib/index.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    // In a browser the console is all there is.
    files: ['lib/client/**/*.ts'],
    rules: { 'no-console': ['error', { allow: ['warn'] }] },
  },
  {
    // A conformance suite is one long describe().
    files: ['lib/testing/**/*.ts'],
    // Its checks are methods of one object whose type says what they take and return.
    rules: { 'max-lines-per-function': 'off', '@typescript-eslint/explicit-module-boundary-types': 'off' },
  },
  {
    // Tests look into what the compiler does not know.
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    extends: [tseslint.configs.base],
    rules: { eqeqeq: 'error', 'prefer-const': 'error', 'object-shorthand': 'error' },
  },
);
