import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it, jest } from '@jest/globals';

jest.setTimeout(30_000);

const PROGRAM = resolve(import.meta.dirname, '../dist/testing/slow-service.js');
const SETTINGS = { KAFKA_BROKERS: '127.0.0.1:1', HOST: '127.0.0.1', PORT: '0' };

type Line = Record<string, unknown> & { msg: string };

/** The service as a process of its own. */
class RunningService {
  readonly lines: Line[] = [];
  readonly #process: ChildProcess;
  readonly #exit: Promise<unknown[]>;
  #heard = Promise.withResolvers<undefined>();

  constructor(settings: Record<string, string>) {
    this.#process = spawn(process.execPath, [PROGRAM], { env: { PATH: process.env.PATH, ...settings } });
    this.#exit = once(this.#process, 'exit');
    if (this.#process.stdout)
      createInterface(this.#process.stdout).on('line', (text) => {
        this.lines.push(JSON.parse(text) as Line);
        this.#heard.resolve(undefined);
        this.#heard = Promise.withResolvers();
      });
  }

  async says(message: string): Promise<Line> {
    for (;;) {
      const line = this.lines.find(({ msg }) => msg === message);
      if (line !== undefined) return line;
      await this.#heard.promise;
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  async exitCode(): Promise<unknown> {
    const [code] = await this.#exit;
    return code;
  }

  async address(): Promise<string> {
    return String((await this.says('listening')).address);
  }
}

describe('the life of a service', () => {
  const started: RunningService[] = [];
  const start = (settings: Record<string, string> = {}): RunningService => {
    const service = new RunningService({ ...SETTINGS, ...settings });
    started.push(service);
    return service;
  };
  afterEach(() => {
    for (const service of started.splice(0)) service.signal('SIGKILL');
  });

  it('given settings that are not right, names them and exits with 78', async () => {
    const service = start({ PORT: 'x', LIMIT: '11', LOG_LEVEL: 'loud' });
    expect(await service.exitCode()).toBe(78);
    expect(service.lines).toHaveLength(1);
    expect(service.lines[0]).toMatchObject({ service: 'slow', code: 'configuration_invalid' });
    expect(service.lines[0]?.problems).toHaveLength(3);
  });

  it('given a port in use, says so and exits with 1', async () => {
    const first = start();
    const { port } = new URL(await first.address());
    const second = start({ PORT: port });
    expect(await second.exitCode()).toBe(1);
    expect(JSON.stringify(second.lines)).toContain('EADDRINUSE');
  });

  it('when running, is live, ready and measured, and answers mistakes as problems', async () => {
    const service = start();
    const address = await service.address();
    await service.says('started');
    for (const path of ['/live', '/ready']) expect((await fetch(address + path)).status).toBe(200);
    expect(await (await fetch(`${address}/metrics`)).text()).toContain('service="slow"');
    const broken = await fetch(`${address}/broken`);
    expect([broken.status, broken.headers.get('content-type')]).toEqual([500, 'application/problem+json']);
    expect(await broken.text()).not.toContain('secret');
    const missing = await fetch(`${address}/nowhere`);
    expect([missing.status, ((await missing.json()) as { code: string }).code]).toEqual([404, 'not_found']);
    expect(missing.headers.get('x-request-id')).toMatch(/^.+$/);
    for (const [path, code] of [
      ['/%ff', 'invalid_request'],
      [`/parts/${'x'.repeat(700)}`, 'not_found'],
    ] as const) {
      const odd = await fetch(address + path);
      expect([odd.headers.get('content-type'), await odd.json()]).toEqual([
        'application/problem+json',
        expect.objectContaining({ code }),
      ]);
    }
  });

  it('given a mistake outside of a request, says so in a line of JSON and exits with 1', async () => {
    const service = start();
    await fetch(`${await service.address()}/crash`);
    const line = await service.says('a mistake in the program; stopping');
    expect(line).toMatchObject({
      level: 60,
      err: {
        message: 'a mistake outside of a request',
        stack: expect.stringMatching(/outside of a request\n +at .*\(?\/.*src\/testing\/slow-service\.ts:\d+:\d+/),
      },
    });
    expect(await service.exitCode()).toBe(1);
  });

  it('given SIGTERM during a request, answers it, stops the parts in reverse order and exits with 0', async () => {
    const service = start();
    const slow = fetch(`${await service.address()}/slow`);
    const other = fetch(`${await service.address()}/live`);
    await other;
    service.signal('SIGTERM');
    expect(await (await slow).text()).toBe('done');
    expect(await service.exitCode()).toBe(0);
    const stopped = service.lines.filter(({ msg }) => /part|stopped/.test(msg)).map(({ msg, part }) => [msg, part]);
    expect(stopped).toEqual([
      ['could not stop a part cleanly', 'broken'],
      ['part stopped', 'second'],
      ['part stopped', 'first'],
      ['stopped', undefined],
    ]);
  });

  it('given SIGTERM during a request that never ends, cuts it off, stops the parts and exits with 0', async () => {
    const service = start();
    const hanging = fetch(`${await service.address()}/hanging`);
    await fetch(`${await service.address()}/live`);
    service.signal('SIGTERM');
    await expect(hanging).rejects.toThrow('fetch failed');
    expect(await service.exitCode()).toBe(0);
    expect(service.lines.map(({ msg }) => msg)).toEqual(
      expect.arrayContaining(['requests under way are cut off', 'part stopped', 'stopped']),
    );
  });
});
