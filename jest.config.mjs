/**
 * Three kinds of tests by file name: `*.spec.ts` needs nothing, `*.integration.spec.ts` needs Kafka and PostgreSQL,
 * `*.system.spec.ts` starts the real service processes. `npm test` provides both stores; see CONTRIBUTING.md.
 */
const common = {
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironment: 'node',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2024',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^@postduif/([a-z-]+)$': ['<rootDir>/libs/$1/src/index.ts', '<rootDir>/tools/$1/src/index.ts'],
  },
  modulePathIgnorePatterns: ['/dist/', '/\\.postduif/'],
};

export default {
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/{apps,libs,tools}/**/src/**/*.spec.ts'],
      testPathIgnorePatterns: ['\\.(integration|system)\\.spec\\.ts$', '/node_modules/'],
    },
    {
      ...common,
      displayName: 'integration',
      testMatch: ['<rootDir>/{apps,libs,tools}/**/src/**/*.integration.spec.ts'],
    },
    { ...common, displayName: 'system', testMatch: ['<rootDir>/{apps,libs,tools}/**/src/**/*.system.spec.ts'] },
  ],
};
