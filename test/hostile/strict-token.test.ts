// The strict profile for tokens (docs/design.md section 8). Each case has a single fault and, where possible, a signature by the
// real key, so that only one rule can refuse it.
import { createHmac, createPublicKey, sign } from 'node:crypto';
import { JwtVerifier } from 'aws-jwt-verify';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { START_LEEWAY_SECONDS } from '../../lib/tokens/claims.ts';
import { authorizerDoors, introspectionDoor, openDoors } from '../support/doors.ts';
import {
  algorithmNames,
  type ForgingAlgorithm,
  forge,
  forgingKey,
  forgingVariables,
  type Json,
  properClaims,
  properHeader,
  seal,
  segment,
  signingAs,
} from '../support/forge.ts';
import { isLongRun } from '../support/scale.ts';
import { getToken, ISSUER, post, startWorld, type Variables, type World } from '../support/world.ts';

type Case = readonly [name: string, token: string];

const NOW = Math.floor(Date.now() / 1000);
const MAX_LIFETIME = 86_400;
const MAX_LENGTH = 8192;

const keys = Object.fromEntries(algorithmNames.map((alg) => [alg, forgingKey(alg)])) as Record<
  ForgingAlgorithm,
  ReturnType<typeof forgingKey>
>;
const { ES256, RS256, PS256, ES384, EdDSA } = keys;
const foreign = forgingKey('ES256', ES256.kid);
const jwks = JSON.parse(forgingVariables(Object.values(keys)).VERIFICATION_KEYS) as JSONWebKeySet;

const HEADER = segment(properHeader(ES256));
const PAYLOAD = segment(properClaims(NOW));
const [, , SIGNATURE = ''] = seal(HEADER, PAYLOAD, ES256).split('.');
const VALID = `${HEADER}.${PAYLOAD}.${SIGNATURE}`;

const withClaims = (claims: Json) => forge(ES256, NOW, claims);
const withHeader = (header: Json) => forge(ES256, NOW, {}, header);
const withSegments = (header: string, payload: string) => seal(header, payload, ES256);
const withSignature = (signature: Buffer) => `${HEADER}.${PAYLOAD}.${signature.toString('base64url')}`;

/** The proper claims as JSON text, one of them written in another way. */
const claimsText = (name: string, text: string) =>
  JSON.stringify(properClaims(NOW)).replace(new RegExp(`"${name}":("[^"]*"|\\d+)`), `"${name}":${text}`);

/** The same bytes in base64url with bits set that stand for nothing. */
function stray(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const changed = text.slice(0, -1) + alphabet[alphabet.indexOf(text.slice(-1)) | 1];
  expect(changed).not.toBe(text);
  expect(Buffer.from(changed, 'base64url')).toEqual(Buffer.from(text, 'base64url'));
  return changed;
}

const padded = (text: string) => text.padEnd(Math.ceil(text.length / 4) * 4, '=');

/** A claims object whose JSON is one byte longer than a multiple of three, so that its base64url has stray bits. */
function payloadWithStrayBits(): string {
  for (const filler of ['a', 'aa', 'aaa']) {
    const text = JSON.stringify({ ...properClaims(NOW), filler });
    if (text.length % 3 === 1) return segment(text);
  }
  throw new Error('unreachable');
}

/** The longest proper token that is at most this long. */
function tokenOfLength(most: number): string {
  for (let filler = most; ; filler--) {
    const token = withClaims({ filler: 'a'.repeat(filler) });
    if (token.length <= most) return token;
    filler -= Math.floor(((token.length - most) * 3) / 4);
  }
}

const bytes = (value: bigint, length: number) => Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex');
const number = (digits: Buffer) => BigInt(`0x${digits.toString('hex')}`);
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const R = Buffer.from(SIGNATURE, 'base64url').subarray(0, 32);
const S = Buffer.from(SIGNATURE, 'base64url').subarray(32);
const ZERO = Buffer.alloc(32);
const ORDER = bytes(P256_ORDER, 32);
const FULL = Buffer.alloc(32, 0xff);

const form: Case[] = [
  ['one segment', HEADER],
  ['two segments', `${HEADER}.${PAYLOAD}`],
  ['four segments', `${VALID}.${SIGNATURE}`],
  ['five segments', `${VALID}.${SIGNATURE}.${SIGNATURE}`],
  ['a trailing dot', `${VALID}.`],
  ['a leading dot', `.${VALID}`],
  ['only dots', '..'],
  ['two dots in a row', VALID.replace('.', '..')],
  ['no header', `.${PAYLOAD}.${SIGNATURE}`],
  ['no payload', `${HEADER}..${SIGNATURE}`],
  ['an empty, signed payload', withSegments(HEADER, '')],
  ['the token written twice', VALID + VALID],
  ['two tokens separated by a comma', `${VALID},${VALID}`],
  ['quotes around it', `"${VALID}"`],
  ['the prefix of a reference token', `lk_at_${VALID}`],
  ['much more than 8 KB', withClaims({ filler: 'a'.repeat(MAX_LENGTH) })],
  ['slightly more than 8 KB', tokenOfLength(MAX_LENGTH + 2)],
];

const encoding: Case[] = [
  ['padding after the header', withSegments(padded(HEADER), PAYLOAD)],
  ['padding after the payload', withSegments(HEADER, padded(payloadWithStrayBits()))],
  ['padding after the signature', `${VALID}==`],
  ['percent-encoded padding', `${VALID}%3D%3D`],
  ['a leading tab', `\t${VALID}`],
  ['a trailing space', `${VALID} `],
  ['a trailing line feed', `${VALID}\n`],
  ['a line feed in the payload', withSegments(HEADER, `${PAYLOAD.slice(0, 8)}\n${PAYLOAD.slice(8)}`)],
  ['a space in the header', withSegments(`${HEADER.slice(0, 8)} ${HEADER.slice(8)}`, PAYLOAD)],
  ['a tab in the signature', `${HEADER}.${PAYLOAD}.${SIGNATURE.slice(0, 8)}\t${SIGNATURE.slice(8)}`],
  ['a trailing NUL', `${VALID}\0`],
  ['stray bits in the header', withSegments(stray(HEADER), PAYLOAD)],
  ['stray bits in the payload', withSegments(HEADER, stray(payloadWithStrayBits()))],
  ['stray bits in the signature', `${HEADER}.${PAYLOAD}.${stray(SIGNATURE)}`],
  [
    'base64 instead of base64url in the payload',
    withSegments(
      HEADER,
      segment(`${claimsText('scope', '"???>>>"')}`)
        .replaceAll('_', '/')
        .replaceAll('-', '+'),
    ),
  ],
  ['a character outside base64 in the payload', withSegments(HEADER, `${PAYLOAD}~`)],
  ['a Cyrillic letter that looks like a Latin one', VALID.replace('e', 'е')],
];

const utf8 = (text: Buffer) =>
  Buffer.concat([Buffer.from('{"x":"'), text, Buffer.from(`",${JSON.stringify(properClaims(NOW)).slice(1)}`)]);

const json: Case[] = [
  ...(
    [
      ['a payload with a byte that is not UTF-8', Buffer.of(0xff)],
      ['a payload with an overlong UTF-8 sequence', Buffer.of(0xc0, 0xaf)],
      ['a payload with a surrogate in UTF-8', Buffer.of(0xed, 0xa0, 0x80)],
      ['a payload with a truncated UTF-8 sequence', Buffer.of(0xe2, 0x82)],
    ] as const
  ).map(([name, text]): Case => [name, withSegments(HEADER, segment(utf8(text)))]),
  ['a payload in UTF-16', withSegments(HEADER, segment(Buffer.from(JSON.stringify(properClaims(NOW)), 'utf16le')))],
  ['a payload with a byte order mark', withSegments(HEADER, segment(`\ufeff${JSON.stringify(properClaims(NOW))}`))],
  ['a header with a byte that is not UTF-8', withSegments(segment(Buffer.of(0x7b, 0xff, 0x7d)), PAYLOAD)],
  ...(
    [
      ['with iss twice', JSON.stringify(properClaims(NOW)).replace('{', '{"iss":"https://evil.example",')],
      ['with the same iss twice', JSON.stringify(properClaims(NOW)).replace('{', `{"iss":${JSON.stringify(ISSUER)},`)],
      ['with iss twice, once escaped', JSON.stringify(properClaims(NOW)).replace('{', '{"\\u0069ss":"x",')],
      [
        'with a nested member twice',
        JSON.stringify({ ...properClaims(NOW), x: 0 }).replace('"x":0', '"x":{"a":1,"a":2}'),
      ],
      ['with white space', JSON.stringify(properClaims(NOW), undefined, 1)],
      ['with trailing white space', `${JSON.stringify(properClaims(NOW))} `],
      ['with an escaped letter', JSON.stringify(properClaims(NOW)).replace('"sub"', '"s\\u0075b"')],
      ['with a trailing comma', JSON.stringify(properClaims(NOW)).replace('}', ',}')],
      ['with a comment', JSON.stringify(properClaims(NOW)).replace('{', '{/**/')],
      ['followed by text', `${JSON.stringify(properClaims(NOW))}x`],
      ['followed by another object', `${JSON.stringify(properClaims(NOW))}{}`],
      ['that is an array', '[]'],
      ['that is an array with the claims', `[${JSON.stringify(properClaims(NOW))}]`],
      ['that is null', 'null'],
      ['that is a number', '1'],
      ['that is a string', JSON.stringify(JSON.stringify(properClaims(NOW)))],
      ['that is true', 'true'],
      ['without claims', '{}'],
      ['that is not JSON', 'hello'],
      ['that is another JWT', VALID],
      ['with arrays nested 2,000 deep', `${'['.repeat(2000)}${']'.repeat(2000)}`],
      ['with its claims in __proto__', `{"__proto__":${JSON.stringify(properClaims(NOW))}}`],
      [
        'with its claims in constructor.prototype',
        `{"constructor":{"prototype":${JSON.stringify(properClaims(NOW))}}}`,
      ],
    ] as const
  ).map(([name, text]): Case => [`a payload ${name}`, withSegments(HEADER, segment(text))]),
  ...(
    [
      ['with alg twice', JSON.stringify(properHeader(ES256)).replace('{', '{"alg":"none",')],
      ['with white space', JSON.stringify(properHeader(ES256), undefined, 1)],
      ['that is an array', JSON.stringify([properHeader(ES256)])],
      ['that is null', 'null'],
      ['that is a string', '"ES256"'],
      ['without members', '{}'],
      ['that is not JSON', 'hello'],
      ['with its members in __proto__', `{"__proto__":${JSON.stringify(properHeader(ES256))}}`],
      ['with an additional __proto__', JSON.stringify(properHeader(ES256)).replace('{', '{"__proto__":{},')],
    ] as const
  ).map(([name, text]): Case => [`a header ${name}`, withSegments(segment(text), PAYLOAD)]),
];

const es256Pem = createPublicKey(ES256.privateKey).export({ type: 'spki', format: 'pem' });
const rs256Pem = createPublicKey(RS256.privateKey).export({ type: 'spki', format: 'pem' });
const ES256_JWK = jwks.keys[0];

function hmacToken(kid: string, secret: string | Buffer): string {
  const input = `${segment({ alg: 'HS256', typ: 'at+jwt', kid })}.${PAYLOAD}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

const header: Case[] = [
  ...(
    [
      undefined,
      '',
      'unknown',
      'OF-ES256',
      ' of-ES256',
      'of-ES256\0',
      '__proto__',
      'constructor',
      'toString',
      '../of-ES256',
      0,
      null,
      true,
      ['of-ES256'],
      { kid: 'of-ES256' },
      RS256.kid,
      ES384.kid,
    ] as const
  ).map((kid): Case => [`kid ${JSON.stringify(kid)}`, withHeader({ kid })]),
  ...(
    [
      undefined,
      '',
      'jwt',
      'Jwt',
      'AT+JWT',
      'at+JWT',
      'At+Jwt',
      'application/at+jwt',
      'at+jwt ',
      'at jwt',
      'at+jwt; charset=utf-8',
      'id+jwt',
      'rt+jwt',
      'dpop+jwt',
      'logout+jwt',
      'token-introspection+jwt',
      null,
      1,
      ['at+jwt'],
      { typ: 'at+jwt' },
    ] as const
  ).map((typ): Case => [`typ ${JSON.stringify(typ)}`, withHeader({ typ })]),
  ...(
    [
      undefined,
      '',
      'none',
      'None',
      'NONE',
      'nOnE',
      'es256',
      'Es256',
      'ES256 ',
      'ES256K',
      'ES384',
      'ES512',
      'RS256',
      'HS256',
      'EdDSA',
      'dir',
      '__proto__',
      null,
      0,
      true,
      ['ES256'],
      { alg: 'ES256' },
    ] as const
  ).map((alg): Case => [`alg ${JSON.stringify(alg)}`, withHeader({ alg })]),
  ['alg none, unsigned', `${segment({ alg: 'none', typ: 'at+jwt', kid: ES256.kid })}.${PAYLOAD}.`],
  ['alg none, no kid, unsigned', `${segment({ alg: 'none', typ: 'at+jwt' })}.${PAYLOAD}.`],
  ['alg none, unsigned and without the last dot', `${segment({ alg: 'none', typ: 'at+jwt' })}.${PAYLOAD}`],
  ['alg HS256 with the public key in PEM as secret', hmacToken(ES256.kid, es256Pem)],
  ['alg HS256 with the public RSA key in PEM as secret', hmacToken(RS256.kid, rs256Pem)],
  ['alg HS256 with the public JWK as secret', hmacToken(ES256.kid, JSON.stringify(ES256_JWK))],
  ['alg HS256 with an empty secret', hmacToken(ES256.kid, '')],
  ['alg HS256 with the kid as secret', hmacToken(ES256.kid, ES256.kid)],
  ['a PS256 signature by an RS256 key, with alg PS256', forge(signingAs(RS256, 'PS256'), NOW)],
  ['a PS256 signature by an RS256 key, with alg RS256', forge(signingAs(RS256, 'PS256'), NOW, {}, { alg: 'RS256' })],
  ['an RS256 signature by a PS256 key, with alg RS256', forge(signingAs(PS256, 'RS256'), NOW)],
  ['an RS256 signature by a PS256 key, with alg PS256', forge(signingAs(PS256, 'RS256'), NOW, {}, { alg: 'PS256' })],
  ['an RS256 signature with alg RS384', forge(RS256, NOW, {}, { alg: 'RS384' })],
  ['an EdDSA signature with alg Ed25519', forge(EdDSA, NOW, {}, { alg: 'Ed25519' })],
  ...Object.entries({
    crit: [],
    'crit with b64': ['b64'],
    b64: true,
    zip: 'DEF',
    jwk: ES256_JWK,
    jku: `${ISSUER}/.well-known/jwks.json`,
    x5u: `${ISSUER}/certificate`,
    x5c: ['MIIB'],
    x5t: 'thumb',
    'x5t#S256': 'thumb',
    cty: 'JWT',
    enc: 'A256GCM',
    epk: {},
    iss: ISSUER,
    nonce: 'n',
    hello: 1,
  }).map(([name, value]): Case => [`the header member ${name}`, withHeader({ [name.split(' ')[0] ?? '']: value })]),
  ['crit with b64, and b64 false', withHeader({ crit: ['b64'], b64: false })],
  ['crit with exp, and exp', withHeader({ crit: ['exp'], exp: NOW + 3600 })],
  [
    'an embedded jwk of a foreign key, which signed the token',
    forge(foreign, NOW, {}, { jwk: createPublicKey(foreign.privateKey).export({ format: 'jwk' }) }),
  ],
];

const flipped = (at: number) => {
  const signature = Buffer.from(SIGNATURE, 'base64url');
  signature[at] = (signature[at] ?? 0) ^ 1;
  return withSignature(signature);
};

/** Signatures of zeros, of the wrong length, by another key, or over other data. */
const signatureOf = (alg: ForgingAlgorithm): Case[] => {
  const key = keys[alg];
  const input = `${segment(properHeader(key))}.${segment(properClaims(NOW))}`;
  const signature = key.sign(Buffer.from(input));
  const token = (changed: Buffer) => `${input}.${changed.toString('base64url')}`;
  const { length } = signature;
  return (
    [
      ['a signature of zero bits', token(Buffer.alloc(length))],
      ['a signature of one bits', token(Buffer.alloc(length, 0xff))],
      ['a signature of one byte', token(Buffer.alloc(1))],
      ['a signature without its last byte', token(signature.subarray(0, length - 1))],
      ['a signature without its first byte', token(signature.subarray(1))],
      ['a signature with an additional trailing zero', token(Buffer.concat([signature, Buffer.of(0)]))],
      ['a signature with an additional leading zero', token(Buffer.concat([Buffer.of(0), signature]))],
      ['a signature written twice', token(Buffer.concat([signature, signature]))],
      ['a reversed signature', token(Buffer.from(signature).reverse())],
      ['no signature', `${input}.`],
      ['a signature over the payload only', token(key.sign(Buffer.from(segment(properClaims(NOW)))))],
      ['the signature of another token', token(key.sign(Buffer.from(input.replace('.', '.e'))))],
      ['a signature by another key', forge(forgingKey(alg, key.kid, otherKeys[alg].privateKey), NOW)],
      [
        'another payload under the signature',
        `${segment(properHeader(key))}.${segment({ ...properClaims(NOW), scope: 'write' })}.${signature.toString('base64url')}`,
      ],
    ] as const
  ).map(([name, text]) => [`${alg}: ${name}`, text]);
};

const otherKeys = {
  ...keys,
  ES256: foreign,
  RS256: PS256,
  PS256: RS256,
  ES384: forgingKey('ES384'),
  EdDSA: forgingKey('EdDSA'),
};

/** The order of the base point of edwards25519. RFC 8032 section 5.1. */
const ED25519_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/** EdDSA: a verifier that does not check the range of `s` accepts `s + L`. RFC 8032 section 5.1.7. */
function malleatedEdDSA(): string {
  const [protectedHeader = '', payload = '', signature = ''] = forge(EdDSA, NOW).split('.');
  const raw = Buffer.from(signature, 'base64url');
  const s = number(Buffer.from(raw.subarray(32)).reverse());
  const moved = bytes(s + ED25519_ORDER, 32).reverse();
  return `${protectedHeader}.${payload}.${Buffer.concat([raw.subarray(0, 32), moved]).toString('base64url')}`;
}

const ecdsa: Case[] = [
  ...(
    [
      ['r = 0, s = 0', ZERO, ZERO],
      ['r = 0', ZERO, S],
      ['s = 0', R, ZERO],
      ['r = n', ORDER, S],
      ['s = n', R, ORDER],
      ['r = n, s = n', ORDER, ORDER],
      ['r = n, s = 0', ORDER, ZERO],
      ['r = 0, s = 1', ZERO, bytes(1n, 32)],
      ['r = 1, s = 1', bytes(1n, 32), bytes(1n, 32)],
      ['r = n + 1, s = 1', bytes(P256_ORDER + 1n, 32), bytes(1n, 32)],
      ['r and s of one bits', FULL, FULL],
      ['s of one bits', R, FULL],
      ['r and s swapped', S, R],
      ['r without s', R, Buffer.alloc(0)],
    ] as const
  ).map(([name, r, s]): Case => [`ES256: ${name}`, withSignature(Buffer.concat([r, s]))]),
  ['ES256: r = n - r', withSignature(Buffer.concat([bytes(P256_ORDER - number(R), 32), S]))],
  ['ES256: a signature in DER', withSignature(sign('sha256', Buffer.from(`${HEADER}.${PAYLOAD}`), ES256.privateKey))],
  ['ES256: r and s padded to 48 bytes each', withSignature(Buffer.concat([Buffer.alloc(16), R, Buffer.alloc(16), S]))],
  [
    'ES256: a signature over a SHA-384 digest',
    withSignature(
      sign('sha384', Buffer.from(`${HEADER}.${PAYLOAD}`), { key: ES256.privateKey, dsaEncoding: 'ieee-p1363' }),
    ),
  ],
  ...[0, 15, 31, 32, 47, 63].map((at): Case => [`ES256: a signature with byte ${at} changed`, flipped(at)]),
  ['EdDSA: s + L', malleatedEdDSA()],
];

const NO_TIME = [undefined, null, '', String(NOW + 60), 'NaN', 'Infinity', true, [], [NOW + 60], {}, NOW + 60.5];
const NO_TEXT = [undefined, null, '', 0, 1, true, [], ['x'], {}];
const NO_AUDIENCE = [
  ...NO_TEXT,
  'billing',
  'Orders',
  'orders ',
  ' orders',
  'orders/',
  'orders billing',
  'orders,billing',
  'ordersx',
  'order',
  ['billing'],
  ['ordersx'],
  ['orders', 1],
  ['orders', null],
  ['orders', ''],
  ['orders', ['billing']],
  [['orders']],
  { 0: 'orders' },
];
const NO_ISSUER = [
  ...NO_TEXT,
  `${ISSUER}/`,
  `${ISSUER}#`,
  `${ISSUER}?`,
  `${ISSUER}:443`,
  ISSUER.toUpperCase(),
  ISSUER.replace('issuer', 'Issuer'),
  ISSUER.replace('https', 'http'),
  ISSUER.replace('https://', ''),
  ` ${ISSUER}`,
  `${ISSUER}.evil.example`,
  `${ISSUER}@evil.example`,
  'https://evil.example',
  [ISSUER],
];

const each = (name: string, values: readonly unknown[]) =>
  values.map((value): Case => [`${name} ${JSON.stringify(value)}`, withClaims({ [name]: value })]);

const spelled = (name: string, texts: readonly string[]) =>
  texts.map((text): Case => [`${name} written as ${text}`, withSegments(HEADER, segment(claimsText(name, text)))]);

const claims: Case[] = [
  ...each('iss', NO_ISSUER),
  ...each('aud', NO_AUDIENCE),
  ...['sub', 'client_id', 'jti'].flatMap((name) => each(name, NO_TEXT)),
  ...each('grant_id', NO_TEXT.slice(1)),
  ...each('scope', [null, 0, true, [], [''], ['read write'], ['read', 1], [['read']], { read: true }]),
  ...each('cnf', [null, {}, { jkt: 'thumb' }, { 'x5t#S256': 'thumb' }, '']),
  ...each('exp', [...NO_TIME, NOW, NOW - 1, 0, -1, NOW + 3600 - 1e10]),
  ...each('iat', [...NO_TIME, NOW - 0.5, NOW + 6, NOW + 3599, -1, 0]),
  ...each('nbf', [null, '', String(NOW), 'NaN', true, [], {}, NOW - 0.5, NOW + 6]),
  ...spelled('exp', [
    '1e400',
    '1E10',
    `${NOW + 60}.0`,
    `${NOW + 60}e0`,
    `+${NOW + 60}`,
    `0${NOW + 60}`,
    'NaN',
    'Infinity',
    '-1',
    '-0',
    '9007199254740992',
    '9007199254740993',
    '18446744073709551616',
  ]),
  ...spelled('iat', [
    '1e400',
    '-1e400',
    `${NOW}.0`,
    '0x10',
    'NaN',
    '-Infinity',
    '-9007199254740993',
    '9007199254740992',
  ]),
  ['a lifetime over the maximum', withClaims({ exp: NOW + MAX_LIFETIME + 1 })],
  ['a lifetime over the maximum that ends in a second', withClaims({ iat: NOW - MAX_LIFETIME, exp: NOW + 1 })],
  ['exp equal to iat', withClaims({ iat: NOW, exp: NOW })],
  ['exp before iat', withClaims({ iat: NOW, exp: NOW - 1 })],
  ['exp equal to the current time', withClaims({ iat: NOW - 60, exp: NOW })],
  ['only the claim exp', withSegments(HEADER, segment({ exp: NOW + 60 }))],
];

/** The other side of each limit: shows that the tokens above are refused for their fault only. */
const accepted: Case[] = [
  ['without a fault', VALID],
  ...algorithmNames.map((alg): Case => [`signed with ${alg}`, forge(keys[alg], NOW)]),
  ['with a high s in the signature', withSignature(Buffer.concat([R, bytes(P256_ORDER - number(S), 32)]))],
  [
    'with the members of the header in another order',
    withSegments(segment({ kid: ES256.kid, typ: 'at+jwt', alg: 'ES256' }), PAYLOAD),
  ],
  ['with an additional claim', withClaims({ tenant: { id: 1 } })],
  ['with several audiences', withClaims({ aud: ['billing', 'orders'] })],
  ['without scope', withClaims({ scope: undefined })],
  ['with scope as a list, as an API may be registered', withClaims({ scope: ['read', 'write'] })],
  ['without grant_id', withClaims({ grant_id: undefined })],
  ['with the longest lifetime', withClaims({ exp: NOW + MAX_LIFETIME })],
  ['with the longest lifetime, which ends in a second', withClaims({ iat: NOW + 1 - MAX_LIFETIME, exp: NOW + 1 })],
  ['in its last second', withClaims({ iat: NOW - 60, exp: NOW + 1 })],
  ['with nbf equal to the current time', withClaims({ nbf: NOW })],
  ['of a clock that is five seconds ahead', withClaims({ iat: NOW + 5, nbf: NOW + 5 })],
  ['of exactly 8 KB', tokenOfLength(MAX_LENGTH)],
];

const refused: Record<string, readonly Case[]> = {
  segments: form,
  encoding,
  JSON: json,
  header,
  signature: [...algorithmNames.flatMap(signatureOf), ...ecdsa],
  claims,
};

let world: World;
let atAllDoors: ReturnType<typeof openDoors>;
/** Introspection and, each time, the next of the authorizers. */
let atDoorsInTurn: ReturnType<typeof openDoors>;

beforeAll(async () => {
  world = await startWorld(forgingVariables(Object.values(keys)), () => NOW);
  const restart = (variables: Variables) => world.restart(variables);
  atAllDoors = openDoors(restart);
  const each = authorizerDoors.map((door) => openDoors(restart, [introspectionDoor, door]));
  let turn = 0;
  atDoorsInTurn = async (token) => each[turn++ % each.length]!(token);
});
afterAll(() => world.stop());

describe.each(Object.entries(refused))(
  'Introspection and authorizer refuse a JWT with a fault in its %s:',
  (_group, cases) => {
    // What is wrong with the text itself meets every door also in the normal run, because they take it from different places.
    const isOfText = cases === form || cases === encoding;
    it.each(cases)('%s', async (_name, token) => {
      const verdictOf = isLongRun || isOfText ? atAllDoors : atDoorsInTurn;
      expect(await verdictOf(token)).toBe('refuse');
    });
  },
);

it.each(accepted)('Introspection and authorizer accept a JWT %s', async (_name, token) => {
  expect(await atAllDoors(token)).toBe('allow');
});

describe('JWT libraries', () => {
  const josePasses = async (token: string, clockTolerance = 0) => {
    try {
      await jwtVerify(token, createLocalJWKSet(jwks), {
        issuer: ISSUER,
        audience: 'orders',
        typ: 'at+jwt',
        currentDate: new Date(NOW * 1000),
        clockTolerance,
      });
      return true;
    } catch {
      return false;
    }
  };

  it('accept every JWT that the service accepts (jose)', async () => {
    const passed = await Promise.all(accepted.map(([, token]) => josePasses(token, START_LEEWAY_SECONDS)));
    expect(accepted.filter((_, index) => !passed[index]).map(([name]) => name)).toEqual([]);
  });

  it('accept many JWTs that the service refuses (jose)', async () => {
    const cases = Object.values(refused).flat();
    const passed = await Promise.all(cases.map(([, token]) => josePasses(token)));
    const count = passed.filter(Boolean).length;
    expect(count).toBeGreaterThan(cases.length / 10);
    expect(count).toBeLessThan(cases.length);
  });

  // The algorithms of aws-jwt-verify are asserted, so that a change is noticed.
  it.each([
    ['ES256', true],
    ['RS256', true],
    ['PS256', false],
    ['ES384', true],
    ['EdDSA', true],
  ] as const)('accept JWTs issued with %s (jose: true, aws-jwt-verify: %s)', async (alg, isSupported) => {
    const handlers = world.restart(forgingVariables([keys[alg]]));
    const token = await getToken(handlers, 'machine-jwt', { scope: 'read' });
    const published = JSON.parse((await handlers.jwks(get('/.well-known/jwks.json'))).body) as JSONWebKeySet;

    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(published), {
      issuer: ISSUER,
      audience: 'orders',
      typ: 'at+jwt',
      algorithms: [alg],
      requiredClaims: ['sub', 'client_id', 'iat', 'exp', 'jti'],
    });
    expect(protectedHeader).toEqual({ alg, typ: 'at+jwt', kid: keys[alg].kid });
    expect(payload['client_id']).toBe('machine-jwt');

    const verifier = JwtVerifier.create({ issuer: ISSUER, audience: 'orders', scope: 'read' });
    verifier.cacheJwks(published as unknown as Parameters<typeof verifier.cacheJwks>[0]);
    const verified = verifier.verify(token).then(
      () => true,
      () => false,
    );
    expect(await verified).toBe(isSupported);
  });
});

describe('Changing an ECDSA signature into its other valid form', () => {
  const malleate = (token: string) => {
    const [protectedHeader = '', payload = '', signature = ''] = token.split('.');
    const raw = Buffer.from(signature, 'base64url');
    const s = bytes(P256_ORDER - number(raw.subarray(32)), 32);
    return `${protectedHeader}.${payload}.${Buffer.concat([raw.subarray(0, 32), s]).toString('base64url')}`;
  };

  it.each([
    ['the original token', (token: string) => token],
    ['the changed token', malleate],
  ])('does not make another token: revoking %s revokes both', async (_name, spelling) => {
    const token = await getToken(world.handlers, 'machine-jwt');
    const twin = malleate(token);
    expect(twin).not.toBe(token);
    expect([await atAllDoors(token), await atAllDoors(twin)]).toEqual(['allow', 'allow']);
    const { status } = await post(world.handlers.revocation, 'machine-jwt', { token: spelling(token) });
    expect(status).toBe(200);
    expect([await atAllDoors(token), await atAllDoors(twin)]).toEqual(['refuse', 'refuse']);
  });
});

const get = (path: string) =>
  ({ version: '2.0', rawPath: path, requestContext: { http: { method: 'GET', path } } }) as never;
