import { execFile } from 'node:child_process';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DnsResolver } from './dns-resolver.js';
import { nameServer } from './testing/name-server.js';

const IPV6 = Buffer.from('26064700470000000000000000001111', 'hex');

describe('DnsResolver', () => {
  let server: Awaited<ReturnType<typeof nameServer>>;
  let folder: string;
  let hostsFile: string;
  let resolver: DnsResolver;

  beforeAll(async () => {
    server = await nameServer({
      'both.example': { a: '192.0.2.7', aaaa: IPV6, ttl: 20 },
      'four.example': { a: '192.0.2.8', ttl: 7 },
      'zero.example': { a: '192.0.2.9', ttl: 0 },
      'none.example': {},
      'broken.example': { code: 2 },
      'dead.example': { silent: true },
      'listed.example': { a: '192.0.2.10' },
    });
    folder = await mkdtemp(join(tmpdir(), 'postduif-hosts-'));
    hostsFile = join(folder, 'hosts');
    await writeFile(
      hostsFile,
      '# comment\n10.0.0.5 Listed.example alias.example # by hand\nfd00::5\tlisted.example\n\nnonsense here\n',
    );
    resolver = new DnsResolver({ servers: [server.address], hostsFile, timeoutMs: 100 });
  });

  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  it('gives the addresses of both families and the shorter TTL', async () => {
    await expect(resolver.resolve('both.example')).resolves.toEqual({
      addresses: ['192.0.2.7', '2606:4700:4700::1111'],
      ttlSeconds: 20,
    });
  });

  it('is content with one family', async () => {
    await expect(resolver.resolve('four.example')).resolves.toEqual({ addresses: ['192.0.2.8'], ttlSeconds: 7 });
  });

  it('keeps an answer with a TTL of 0 for a second, so that a burst asks once', async () => {
    await expect(resolver.resolve('zero.example')).resolves.toMatchObject({ ttlSeconds: 1 });
  });

  it.each(['absent.example', 'none.example'])('says that %s is not found', async (name) => {
    await expect(resolver.resolve(name)).rejects.toMatchObject({ code: 'dns_not_found' });
  });

  it.each([
    ['broken.example', 'ESERVFAIL'],
    ['dead.example', 'ETIMEOUT'],
  ])('says that nobody could tell where %s is (%s)', async (name, detail) => {
    await expect(resolver.resolve(name)).rejects.toMatchObject({
      code: 'dns_failed',
      message: expect.stringContaining(detail),
    });
  });

  it('puts the hosts file before DNS', async () => {
    await expect(resolver.resolve('LISTED.example')).resolves.toMatchObject({ addresses: ['10.0.0.5', 'fd00::5'] });
    await expect(resolver.resolve('alias.example')).resolves.toMatchObject({ addresses: ['10.0.0.5'] });
  });

  it('reads the hosts file again when it has changed', async () => {
    const own = join(folder, 'changing');
    await writeFile(own, '10.0.0.6 moving.example\n');
    const changing = new DnsResolver({ servers: [server.address], hostsFile: own, timeoutMs: 100 });
    await expect(changing.resolve('moving.example')).resolves.toMatchObject({ addresses: ['10.0.0.6'] });
    await writeFile(own, '10.0.0.7 moving.example\n');
    await utimes(own, new Date(), new Date(Date.now() + 5_000));
    await expect(changing.resolve('moving.example')).resolves.toMatchObject({ addresses: ['10.0.0.7'] });
  });

  it.each(['localhost', 'shop.localhost'])('knows %s without a hosts file and without DNS', async (name) => {
    const bare = new DnsResolver({ servers: [server.address], hostsFile: join(folder, 'absent'), timeoutMs: 100 });
    await expect(bare.resolve(name)).resolves.toMatchObject({ addresses: ['127.0.0.1', '::1'] });
  });

  it('given a process that can open no more files, then out_of_sockets, though c-ares says that name servers refuse', async () => {
    const script = `
      const { DnsResolver } = await import(process.argv[1]);
      const { openSync } = await import('node:fs');
      for (let isLeft = true; isLeft; ) try { openSync(process.execPath); } catch ({ code }) { isLeft = code !== 'EMFILE'; }
      await new DnsResolver().resolve('four.example').catch(({ code }) => process.stdout.write(code));`;
    const { stdout } = await promisify(execFile)('sh', [
      ...['-c', 'ulimit -n 100 && exec "$0" --input-type=module -e "$1" "$2"'],
      ...[process.execPath, script, join(import.meta.dirname, '../dist/dns-resolver.js')],
    ]);

    expect(stdout).toBe('out_of_sockets');
  });
});
