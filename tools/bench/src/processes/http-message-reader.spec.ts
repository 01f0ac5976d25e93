import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { headerOf, headersOf, HttpMessageReader, statusOf } from './http-message-reader.js';

const REQUEST = 'POST /hook HTTP/1.1\r\nHost: a:1\r\nX-Webhook-Event-ID: bench-7\r\nContent-Length: 5\r\n\r\nhello';
const ANSWER = 'HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\n{}';
const EMPTY = 'HTTP/1.1 204 No Content\r\nx-created: 12\r\n\r\n';

function read(chunks: readonly Buffer[]): string[] {
  const messages: string[] = [];
  const reader = new HttpMessageReader(({ head, body }) => messages.push(`${head}\r\n\r\n${body.toString('latin1')}`));
  for (const chunk of chunks) reader.push(chunk);
  return messages;
}

describe('the HTTP of a connection', () => {
  it('given messages cut anywhere, gives back each of them whole', () => {
    const messages = [REQUEST, ANSWER, EMPTY, REQUEST];
    const stream = Buffer.from(messages.join(''));
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: stream.length - 1 })), (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const chunks = edges.slice(1).map((edge, index) => stream.subarray(edges[index], edge));
        expect(read(chunks)).toEqual(messages);
      }),
    );
  });

  it('given a message that is not complete, waits', () => {
    expect(read([Buffer.from(REQUEST.slice(0, -1))])).toEqual([]);
  });

  it.each(['Transfer-Encoding: chunked', 'Content-Length: x'])('given %s, fails instead of misreading', (header) => {
    expect(() => read([Buffer.from(`HTTP/1.1 200 OK\r\n${header}\r\n\r\n`)])).toThrow();
  });

  it('finds headers whatever their case, and none that only looks like it', () => {
    const [head = ''] = REQUEST.split('\r\n\r\n');
    expect(headerOf(head, 'x-webhook-event-id')).toBe('bench-7');
    expect(headerOf(head, 'event-id')).toBeUndefined();
    expect(headersOf(head)).toEqual([
      ['Host', 'a:1'],
      ['X-Webhook-Event-ID', 'bench-7'],
      ['Content-Length', '5'],
    ]);
    expect(statusOf(ANSWER)).toBe(202);
  });
});
