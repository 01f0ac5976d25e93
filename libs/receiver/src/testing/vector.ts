import { createPrivateKey } from 'node:crypto';
import { rsaSigner, signRequest } from '@postduif/signing';
import type { RequestToSign } from '@postduif/signing';
import type { ReceivedRequest } from '../index.js';

/** The test vector of spec section 6.7, as it stands there. The key is published and signs nothing real. */
export const PRIVATE_KEY = `-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCqR3855uQNDivJ
8k78fGK/lrN+/+f4I8iZskFCNYW1PoWOeqWasaDijDKcpj37grEOsv2QtYnyLfcv
aPbWa+5EpMoifepYHsx+F37oHz/Bzc4xID+l18/g3TQzlEm984qwW9t/6WfiYjHZ
UBC+5UbSjWBfYXiW4kMBveZVI5QTkTHbpt87RF2ZnHEaM69ZCgOZ6LsQCzGnMfMK
wH/EIeId7iCRuLdpuhkYDPFnIo9c+w1pdDSqcHD0cmZknJULq2UTEz88Nmyf24C3
ePMemOssbGi0WunCD0iOM8BVpNg2ukutdK/J0ei5fOtc+uhHHDN0+HE8dubUvF+S
vJrS2s/XAgMBAAECggEAD7420zh3etowY+Y9Cuydx/SGbuZOYOuUsdprBynh9/eq
VcRyyC0btfuxTY4J1VWSyiGeqOuShUCzsFSbhwfeinEpO8F5fPaIAIZqlh/Bf3O9
gwmQvjldlP7OmJA2tdMCTmYyZ+PsALWvFyuRs3HeN5GY8z3p7hqdiFfcJ6CiTEwC
8m13M2HCTdDK8zj+tTdhC5slHfX288tu/d6EyOYJPYKfFzqbBG3WUdNN8IuWBtXP
OifVKy+6CYprHjcp/5GsCub08x7FGmtaQ95t59VGeJqBU7fgJ8ONZkkoeRbLPNKh
FlRpRcpfNnTzukWpxMnYNp0p6e1Kv2/5bmUf0LiWzQKBgQDnqNSn0kcvyyDq1mil
Ws0zf8kDgIlC+ieqtZXgyeeJ/0S50nt3h9gMuMYrMkUx3DaOiQHOTIOhBmz/MRhS
5057upLCU7tJQQIlkaOb3bHQzNjonVWSMMoxvmyg2TL3fA+4gR4Gv/SEvgqiH6+x
uOSbaYES2cVUqYIPZn53O3UR7QKBgQC8K6nZIOmA8cdA471v/WcoUhx5uSJsOZxg
y/dSrWksKef0jv0MGK/8UTy27rNNY0/nbQnTCkunczHxKb61lJX+XndaparZot3O
PdnxCFYdwF1uJwLP+WLlinUIyZM4b3BPEWBCxVYQRWCE6ki9YJ/lJVQYhXFQvCg6
ig58dr4AUwKBgD88xSAytKAFUS0J7nMFAHMIdPTxx4ZzBxUAkLNWKlBvUHFxVabh
fEaswdvU0zKzLGloWQfZtyzjtilLW5p17eS0n49QkBWFG3Lp+MF5mSqoYKXPHSbV
DrzZgInAALuyMBBrnqi1CaiawAhVof5fvHf4KvXcYJOl2g0eK3Oc1W5ZAoGBAK2c
U38DQK05Za9W78dNs0meSKt9xma32LHuPehIGosmtt4Ktynb9TME+NGG9mNmR6is
D65pB1gdjmyFKXF6/9DK86/sve9Ctwa8RkJ+gIW+n/UrhQrBex9xWX2cDXq6RpKM
45V3YGpuuBip2Cbx6VSP1kExjVUB5NPt4GOxYqgFAoGAW4nk9B4Lw+CDMIYSRuEM
VcGXPbepifwPvinK5EpGw4Dw1d12BGOjeod08ZZDyHR8Sj5gKj/G06i10ksZ4+A1
zIhooNMGcPuT69jpnzTzeE/V0/ILkYZ/0iSS6BqdGuaB5rP/hKQnwNZzUerm1npm
5/O+yEY7rLVl5e/+gio8d6M=
-----END PRIVATE KEY-----
`;

/** The TXT record, in its two strings. */
export const RECORD = [
  'v=DKIM1;k=rsa;p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqkd/OebkDQ4ryfJO/Hxiv5azfv/n+CPImbJBQjWFtT6FjnqlmrGg4owynKY9+4KxDrL9kLWJ8i33L2j21mvuRKTKIn3qWB7Mfhd+6B8/wc3OMSA/pdfP4N00M5RJvfOKsFvbf+ln4mIx2VAQvuVG0o1gX2F4luJDAb3mVSOUE5Ex26bfO0RdmZxxGjOvWQoDmei',
  '7EAsxpzHzCsB/xCHiHe4gkbi3aboZGAzxZyKPXPsNaXQ0qnBw9HJmZJyVC6tlExM/PDZsn9uAt3jzHpjrLGxotFrpwg9IjjPAVaTYNrpLrXSvydHouXzrXProRxwzdPhxPHbm1Lxfkrya0trP1wIDAQAB',
];

export const KEY_ID = 'one._domainkey.copernica.com';
export const HOST = 'hooks.example.org';
export const ACCOUNT = 'account_1234';
export const SENT_AT = new Date('2026-01-15T10:20:30Z');

/** The head of the request, a header a line. */
const HEAD = `Host: hooks.example.org
Date: Thu, 15 Jan 2026 10:20:30 GMT
Content-Type: application/x-www-form-urlencoded
Content-Length: 483
X-Copernica-ID: account_1234
Digest: sha-256=08YvYndkGQyDUJo96z5KFE+oVUO5VtFSYYLtrhY2lr0=
X-Nonce: 5f1d0c9e7ab34286
Signature: keyId="one._domainkey.copernica.com",algorithm="rsa-sha256",headers="(request-target) host date content-length content-type x-copernica-id digest x-nonce",signature="L5k4rPsMgm+QRUD+JEmdgvNf90qn/xWQSv9Q9pfFSI57v7vLQoYLJJ/qc9fc6wDtLdsdbH5/F6GQHwkpgJXIgg6+S1mQ7i2frz6JHu74bAHGOCJ8GZ+tB9b/Z+zEmdIzEgmCOEtGYdRYe2Ej21p6Og4qR9VwVhnrANdYmXLK88HgK8cgkp+x6lA+RVLo/yZOOAq6RlJcvqa3fl8RoixE9dSZdvq8baaID1iqeM3XDwnbjPIN1yqD+5MyLEpLUHiJfV/v2K5QsBvi+Rsi6+vErWKLXDrfil9ErPxsZXqDnWkyaf3Ge9gTQY4eGSsOhIPzqBh2Nbn6upjLCB0l4+kaAQ=="
`;

const BODY =
  'type=create&timestamp=2026-01-15+10%3A20%3A30&time=1768472430&id=123&profile=123&database=1&created=2026-01-15+10%3A20%3A30&modified=2026-01-15+10%3A20%3A30&parameters%5Bname%5D=Jos%C3%A9+%C3%85ngstr%C3%B6m&parameters%5Bmail%5D=jose%2Bnews%40example.com&parameters%5Bblue%5D=1&fields%5Bname%5D=Jos%C3%A9+%C3%85ngstr%C3%B6m&fields%5Bmail%5D=jose%2Bnews%40example.com&fields%5BCompany+name%5D=A+%26+B+%3D+100%25%3B+ok%3F&fields%5Bempty%5D=&interests%5B%5D=blue&interests%5B%5D=red+wine';

export const VECTOR = {
  method: 'POST',
  target: '/copernica/hook.php?tenant=7&x=%2Fa',
  headers: HEAD.trim()
    .split('\n')
    .map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  body: Buffer.from(BODY),
} satisfies ReceivedRequest;

type Change = Partial<Omit<RequestToSign, 'contentType'>> & { readonly contentType?: string | undefined };

/** Any request, signed with the vector's key. */
export async function signed(change: Change = {}): Promise<ReceivedRequest & { body: Buffer }> {
  const { contentType, ...request } = {
    method: 'POST',
    target: '/hook',
    host: HOST,
    date: SENT_AT,
    contentType: 'application/x-www-form-urlencoded',
    body: VECTOR.body,
    copernicaId: ACCOUNT,
    nonce: '5f1d0c9e7ab34286',
    keyId: KEY_ID,
    sign: rsaSigner(createPrivateKey(PRIVATE_KEY)),
    ...change,
  };
  const added = await signRequest(contentType === undefined ? request : { ...request, contentType });
  const headers = Object.fromEntries([['Host', request.host], ...added]);
  return { method: request.method, target: request.target, headers, body: Buffer.from(request.body) };
}
