import { describe, expect, it } from '@jest/globals';
import { arrivalOf, quietReport, readableReport } from './report.js';
import type { Verdict } from './verification.js';

const valid: Verdict = { kind: 'http-signature', valid: true, detail: 'account_1234, key k' };
const invalid: Verdict = { kind: 'none', valid: false, code: 'unsigned', detail: 'The request brings no signature.' };
const arrival = (body: string, verdict = valid, answered: number | null = 200) =>
  arrivalOf(
    {
      at: new Date('2026-01-15T10:20:30.123Z'),
      method: 'POST',
      target: '/click',
      headers: [
        ['Content-Type', 'application/x-www-form-urlencoded'],
        ['X-Webhook-Event-ID', 'evt-1'],
        ['X-Webhook-Attempt', '2'],
      ],
      body: Buffer.from(body),
    },
    verdict,
    answered,
  );

describe('the report of a request', () => {
  it('given a click, shows time, path, trigger, attempt, event, signature, answer and fields', () => {
    expect(readableReport(arrival('type=click&fields%5Bnaam%5D=Zo%C3%AB'))).toBe(
      [
        '10:20:30.123  POST  /click  click  attempt 2  event evt-1',
        '  signature     VALID http-signature: account_1234, key k',
        '  answered      200',
        '  type          click',
        '  fields[naam]  Zoë',
        '',
      ].join('\n'),
    );
  });

  it('given no valid signature and no answer, says so', () => {
    const report = readableReport(arrival('type=click', invalid, null));
    expect(report).toContain('INVALID none: The request brings no signature.');
    expect(report).toContain('not at all');
  });

  it('given a long value, shortens it and says how long it is', () => {
    const report = readableReport(arrival(`type=bounce&mime=${'x'.repeat(5_000)}`));
    expect(report).toContain('x'.repeat(100) + '… (5000 characters)');
    expect(report.length).toBeLessThan(600);
  });

  it('given very many fields, shows some and counts the rest', () => {
    const body = Array.from({ length: 100 }, (_, index) => `f${index}=1`).join('&');
    expect(readableReport(arrival(body))).toContain('… and 40 more fields');
  });

  it('given control characters, does not pass them to the terminal', () => {
    const report = readableReport(arrival('type=click&a=%1b%5B31mred%0d%0aline%c2%9b'));
    expect(report.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(report).toContain('\\u001b[31mred\\r\\nline');
  });

  it('when quiet, is only about what is not right', () => {
    expect(quietReport(arrival('type=click'))).toBeUndefined();
    expect(quietReport(arrival('type=click', invalid))).toContain('INVALID none');
  });

  it('as JSON, holds the exact body', () => {
    const { body, trigger, event, attempt } = arrival('type=click&a=1');
    expect([Buffer.from(body, 'base64').toString(), trigger, event, attempt]).toEqual([
      'type=click&a=1',
      'click',
      'evt-1',
      2,
    ]);
  });
});
