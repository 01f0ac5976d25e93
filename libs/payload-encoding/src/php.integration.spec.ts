import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import type { Event } from '@postduif/contracts';
import { encodeForm } from './index.js';
import { asTexts } from './testing/decode-form.js';
import { anEvent, EVERY_TRIGGER, RAW_BYTES, RAW_EVENTS, VECTOR_EVENT } from './testing/events.js';

/** Decodes a form on standard input as PHP does for `$_POST`; values in base64, since JSON takes no bytes that are not UTF-8. */
const DECODER = `
  parse_str(file_get_contents('php://stdin'), $post);
  array_walk_recursive($post, function (&$value) { $value = base64_encode($value); });
  echo json_encode($post, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE);
`;
/** Encodes a map as PHP itself would. */
const ENCODER = `echo http_build_query(json_decode(file_get_contents('php://stdin'), true, 512, JSON_THROW_ON_ERROR));`;
const MIB = 1024 * 1024;

function hasPhp(): boolean {
  try {
    execFileSync('php', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** PHP's own limit on variables is `max_input_vars`, 1,000. */
function php(program: string, input: Buffer): string {
  return execFileSync('php', ['-d', 'max_input_vars=100000', '-r', program], {
    input,
    encoding: 'utf8',
    maxBuffer: 32 * MIB,
  });
}

type Posted = string | { readonly [name: string]: Posted } | readonly Posted[];

function decode(event: Event): Record<string, Posted> {
  return JSON.parse(php(DECODER, encodeForm(event)), (_, value: unknown) =>
    typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : value,
  ) as Record<string, Posted>;
}

const found = hasPhp();
const update = (data: Record<string, unknown>): Event => anEvent({ type: 'update', profile: 1, database: 1, data });

(found ? describe : describe.skip)(
  found
    ? 'encodeForm, read by PHP'
    : 'encodeForm, read by PHP: NOT RUN, as there is no `php` on this machine (php-cli)',
  () => {
    it('given the test vector, then PHP reads what the specification says', () => {
      expect(decode(VECTOR_EVENT)).toEqual({
        type: 'create',
        timestamp: '2026-01-15 10:20:30',
        time: '1768472430',
        id: '123',
        profile: '123',
        database: '1',
        created: '2026-01-15 10:20:30',
        modified: '2026-01-15 10:20:30',
        parameters: { name: 'José Ångström', mail: 'jose+news@example.com', blue: '1' },
        fields: {
          name: 'José Ångström',
          mail: 'jose+news@example.com',
          'Company name': 'A & B = 100%; ok?',
          empty: '',
        },
        interests: ['blue', 'red wine'],
      });
    });

    it.each(Object.entries(EVERY_TRIGGER))('given %s with every field, then PHP reads all of them', (_, given) => {
      expect(decode(given.event)).toEqual({
        type: given.event.type,
        timestamp: '2026-01-15 10:20:30',
        time: '1768472430',
        ...asTexts(given.posted),
      });
    });

    it.each(RAW_EVENTS.map((event) => [event.type, event] as const))(
      'given a %s whose message is not UTF-8, then PHP reads its bytes',
      (_, event) => {
        const decoded = JSON.parse(php(DECODER, encodeForm(event))) as Record<string, string>;
        expect(Buffer.from(decoded.mime ?? '', 'base64')).toEqual(RAW_BYTES);
      },
    );

    it('given names with spaces, dots and characters of every kind, then PHP reads them inside the brackets', () => {
      const fields = {
        ' leading and trailing ': '1',
        'dots.and.more': '2',
        'plus+and=&;#?/\\"\'<>%41': '3',
        'naïve 日本 🎉': '4',
        'tab\tand\nline': '5',
        __proto__x: '6',
        '7': '7',
      };
      expect(decode(update({ fields, parameters: fields }))).toMatchObject({ fields, parameters: fields });
    });

    it('given values empty and of 1 MiB, then PHP reads them whole', () => {
      const large = 'é& +%\0\r\n'.repeat(MIB / 8);
      const decoded = decode(update({ fields: { empty: '', large } }));
      expect(decoded.fields).toEqual({ empty: '', large });
    });

    it('given a message of 1 MiB of bytes, then PHP reads it whole', () => {
      const bytes = Buffer.alloc(MIB, RAW_BYTES);
      const data = {
        message: 'abc',
        recipient: 'ann@example.com',
        envelope: 'b@example.com',
        mime_base64: bytes.toString('base64'),
      };
      const decoded = JSON.parse(php(DECODER, encodeForm(anEvent({ type: 'bounce', data })))) as Record<string, string>;
      expect(Buffer.from(decoded.mime ?? '', 'base64').equals(bytes)).toBe(true);
    });

    it('given every ASCII character, then the bytes are those of `http_build_query`', () => {
      const name = String.fromCharCode(...Array.from({ length: 127 }, (_, code) => code + 1)).replace(/[[\]]/g, '');
      const fields = { [name]: `${name}[]`, accents: 'José' };
      const body = encodeForm(update({ fields })).toString('latin1');
      expect(body.slice(body.indexOf('&fields') + 1)).toBe(php(ENCODER, Buffer.from(JSON.stringify({ fields }))));
    });
  },
);
