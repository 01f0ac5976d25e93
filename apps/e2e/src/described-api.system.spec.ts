import { execFile, execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { OPERATIONS } from '@postduif/contracts';
import { RecordingReceiver } from './testing/recording-receiver.js';
import { RunningSystem } from './testing/running-system.js';

jest.setTimeout(600_000);

/** Fixed, so that a failure can be looked into; another one finds other things. */
const SEED = process.env.SCHEMATHESIS_SEED ?? '20260115';
/** Requests of each operation beside those that its description suggests. */
const EXAMPLES = process.env.SCHEMATHESIS_EXAMPLES ?? '5';
const DOCUMENT = 'openapi.json';
const MOST_OUTPUT_BYTES = 64 * 1024 * 1024;
const FOLDER = fileURLToPath(new URL('../src/testing/', import.meta.url));

function hasSchemathesis(): boolean {
  try {
    execFileSync('python3', ['-c', 'import schemathesis.cli'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const found = hasSchemathesis();

(found ? describe : describe.skip)(
  found
    ? 'The API as it is described, tried by Schemathesis'
    : 'The API as it is described: NOT RUN, as python3 has no schemathesis here (pip install -r apps/e2e/src/testing/requirements.txt)',
  () => {
    let system: RunningSystem;
    let receiver: RecordingReceiver;

    beforeAll(async () => {
      const limits = { API_RATE_LIMIT: '1000000', API_RATE_BURST: '1000000', TESTS_PER_MINUTE: '10000' };
      // Nobody is asked who is not on this machine.
      const env = { subscription: { ...limits, DNS_SERVERS: '127.0.0.1:1' }, history: limits };
      [system, receiver] = await Promise.all([RunningSystem.start({ env }), RecordingReceiver.listen()]);
    });
    afterAll(async () => {
      await system.stop();
      await receiver.goAway();
    });

    it('given requests that follow the description and others, answers each as the description says', async () => {
      const [own] = await system.get<{ id: string }[]>('/v1/tokens');
      const { home, credentials } = system.stack;
      const { api, token } = credentials;
      // As a file: Schemathesis leaves out the address that it has a description from.
      await writeFile(join(home, DOCUMENT), await (await system.call('GET', '/v1/openapi.json')).text());
      const { code, output } = await schemathesis(api, home, {
        POSTDUIF_TOKEN: token,
        POSTDUIF_TOKEN_ID: own?.id ?? '',
        POSTDUIF_RECEIVER: `127.0.0.1:${receiver.port}`,
      });
      if (code !== 0) throw new Error(output);
      expect(output).toMatch(new RegExp(`Operations: +${OPERATIONS.length} selected / ${OPERATIONS.length} total`));
      expect((await system.call('GET', '/v4/webhooks')).status).toBe(200);
    });
  },
);

function schemathesis(
  api: string,
  cwd: string,
  environment: Readonly<Record<string, string>>,
): Promise<{ code: number; output: string }> {
  const options = ['--url', api, '--max-examples', EXAMPLES, '--seed', SEED];
  const all = ['-m', 'schemathesis.cli', '--config-file', `${FOLDER}schemathesis.toml`, 'run', ...options, DOCUMENT];
  const { PYTHONPATH = '' } = process.env;
  const env = { ...process.env, ...environment, PYTHONPATH: `${FOLDER}:${PYTHONPATH}`, NO_COLOR: '1' };
  return new Promise((resolve) => {
    execFile('python3', all, { cwd, env, maxBuffer: MOST_OUTPUT_BYTES }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, output: stdout + stderr });
    });
  });
}
