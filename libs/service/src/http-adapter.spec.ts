import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { httpAdapter } from './http-adapter.js';

const HEAD = 'POST / HTTP/1.1\r\nhost: test\r\ncontent-type: text/plain\r\n';

describe('the HTTP server of a service', () => {
  const server = () => adapter.getInstance();
  let adapter: ReturnType<typeof httpAdapter>;

  beforeEach(async () => {
    adapter = httpAdapter({ requestTimeoutMs: 100 });
    server().post('/', () => 'whole');
    server().get('/*', ({ url }) => url);
    await server().listen({ host: '127.0.0.1', port: 0 });
  });
  afterEach(() => server().close());

  /** Everything that is answered until the connection is closed. */
  async function answerTo(sent: string): Promise<string> {
    const socket = connect((server().server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(sent);
    return text(socket);
  }

  it.each([
    ['the headers', 'POST / HTTP/1.1\r\nhost: te'],
    ['the body', `${HEAD}content-length: 10\r\n\r\nhalf`],
    ['a body of unknown length', `${HEAD}transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n`],
  ])('when %s cannot be read whole in time, answers 408 and closes', async (_case, sent) => {
    const answer = await answerTo(sent);
    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(answer).toContain('content-type: application/problem+json');
    expect(answer).toContain('"code":"request_timeout"');
  });

  it('given what is no HTTP, answers 400 and closes', async () => {
    const answer = await answerTo('hello\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer).toContain('"code":"invalid_request"');
  });

  it.each([
    ['http://host:1/a/b?c=http://d/e', '/a/b?c=http://d/e'],
    ['HTTPS://host', '/'],
    ['http://host?c', '/?c'],
    ['/http://host/a', '/http://host/a'],
  ])('given the target %s, serves %s', async (target, path) => {
    const answer = await answerTo(`GET ${target} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n`);
    expect(answer.split('\r\n\r\n')[1]).toBe(path);
  });

  it('given an address that cannot be read, says so', async () => {
    const answer = await answerTo('GET /%zz HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n');
    expect(answer).toContain('"detail":"The address cannot be read: its percent-encoding is not right.');
    expect(answer).toContain('"code":"invalid_request"');
  });

  it('given a request that is whole, answers it', async () => {
    expect(await answerTo(`${HEAD}connection: close\r\ncontent-length: 4\r\n\r\nhalf`)).toMatch(/\r\n\r\nwhole$/);
  });
});
