import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, jest } from '@jest/globals';

const libs = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'postduif-published-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
jest.setTimeout(120_000);

const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

/** Packs as `npm publish` does; the name of the file. */
function pack(lib: string): string {
  const [packed] = JSON.parse(run('npm', 'pack', join(libs, lib), '--json')) as [{ filename: string }];
  return `./${packed.filename}`;
}

const body = '{"type":"invoice.paid","timestamp":"2026-01-15T10:20:30Z","data":{"total":12.5}}';
const key = Buffer.alloc(32, 1);
const mac = createHmac('sha256', key).update(`evt-1.1768472430.${body}`).digest('base64');
const PROGRAM = `
  import { Receiver } from '@postduif/receiver';
  const receiver = new Receiver({
    standardWebhooks: { secrets: ['whsec_${key.toString('base64')}'] },
    now: () => new Date(1768472430000),
  });
  const headers = {
    'content-type': 'application/json',
    'webhook-id': 'evt-1',
    'webhook-timestamp': '1768472430',
    'webhook-signature': 'v1,${mac}',
  };
  const { payload } = await receiver.verify({ method: 'POST', target: '/', headers, body: Buffer.from('${body}') });
  console.log(JSON.stringify(payload));
`;

describe('what is published', () => {
  it('given both packages in an empty folder and nothing else, then a webhook is verified', () => {
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    run('npm', 'install', '--offline', '--no-audit', '--no-fund', pack('signing'), pack('receiver'));
    writeFileSync(join(folder, 'program.mjs'), PROGRAM);
    expect(JSON.parse(run(process.execPath, 'program.mjs'))).toEqual(JSON.parse(body));

    expect(readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['@postduif']);
    const files = readdirSync(join(folder, 'node_modules/@postduif'), { recursive: true, encoding: 'utf8' });
    expect(files).toContain(join('receiver', 'README.md'));
    expect(files.filter((file) => /spec|test|example|fixture|\.map$|tsbuildinfo/.test(file))).toEqual([]);
  });
});
