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

  it('given a request that is whole, answers it', async () => {
    expect(await answerTo(`${HEAD}connection: close\r\ncontent-length: 4\r\n\r\nhalf`)).toMatch(/\r\n\r\nwhole$/);
  });
});
