// Last step of compilation: makes one file of each service and its packages, `apps/<name>/dist/main.js`, of what tsc has compiled.
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Looks for files beside its code, or is native code. */
const STAYS_OUTSIDE = ['@grpc/*', '@node-rs/*', 'grpc-health-check', 'lz4-napi', 'snappy'];
/** What Nest could use; it goes on without. */
const NOT_INSTALLED = [
  '@fastify/multipart',
  '@fastify/view',
  '@nats-io/*',
  '@nestjs/platform-express',
  '@nestjs/websockets/*',
  'amqp-connection-manager',
  'class-transformer',
  'class-validator',
  'ioredis',
  'mqtt',
];

/** A source map without places: its only one is in a column that no line has. */
const NO_PLACES = encodeURIComponent(JSON.stringify({ version: 3, sources: [''], mappings: 'ggggCAAA' }));
/** With packages the source map would have ten times the size. */
const mapOnlyOurs = {
  name: 'map only ours',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\/node_modules\/.*\.[cm]?js$/ }, ({ path }) => ({
      contents: `${readFileSync(path, 'utf8')}\n//# sourceMappingURL=data:application/json,${NO_PLACES}`,
    })),
};

const services = readdirSync('apps').filter((name) => existsSync(join('apps', name, 'src/main.ts')));

const { outputFiles } = await build({
  entryPoints: services.map((name) => ({ in: `apps/${name}/dist/compiled/main.js`, out: `apps/${name}/dist/main` })),
  outdir: '.',
  write: false,
  bundle: true,
  platform: 'node',
  format: 'esm',
  // Packages in CommonJS ask for the modules of Node.js by it.
  banner: { js: "const require = process.getBuiltinModule('module').createRequire(import.meta.url);" },
  external: [...STAYS_OUTSIDE, ...NOT_INSTALLED],
  plugins: [mapOnlyOurs],
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'silent',
});

// A service may start just now.
for (const { path, contents } of outputFiles) {
  writeFileSync(`${path}.new`, contents);
  renameSync(`${path}.new`, path);
}
