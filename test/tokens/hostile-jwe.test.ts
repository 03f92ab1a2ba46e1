// JWEs with exactly one fault. Each is properly encrypted, with a real key where possible, so that it is refused for its fault
// and not because it cannot be decrypted.

import { webcrypto } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { compose as composeAuthorizer } from '../../functions/authorizer.ts';
import { newKeyPair } from '../../infra/key-pair.ts';
import { InvalidToken } from '../../lib/oauth/errors.ts';
import { formatOf, formats } from '../../lib/tokens/formats.ts';
import { createFoundationWithTable } from '../../lib/wiring/foundation.ts';
import { doors, openDoors } from '../support/doors.ts';
import { forge, forgeIdToken, forgingKey, forgingVariables, type Json, properClaims } from '../support/forge.ts';
import {
  BILLING_KEY,
  derivedKey,
  directRecipient,
  ecdhRecipient,
  encryptJwe,
  type JweOptions,
  ORDERS_KEY,
  type Recipient,
  RING_KEY_ID,
  rsaRecipient,
  type Segments,
} from '../support/forge-jwe.ts';
import { openList } from '../support/revocation-list.ts';
import { isLongRun, pairs, sampled } from '../support/scale.ts';
import {
  basic,
  createTestClock,
  encryptionVariables,
  getToken,
  httpEvent,
  SECRET,
  startWorld,
  type World,
} from '../support/world.ts';

const { clock } = createTestClock();
const NOW = clock();

const key = forgingKey('ES256');

let world: World;
type VerdictOf = ReturnType<typeof openDoors>;

/** The verdict of all doors. */
let verdictOf: VerdictOf;
/** In the normal run, the verdict of one door, which is another one for each token. */
let verdictInTurn: VerdictOf;

beforeAll(async () => {
  world = await startWorld(forgingVariables([key]), clock);
  const restart: World['restart'] = (variables) => world.restart({ CLIENT_CACHE_SECONDS: '3600', ...variables });
  verdictOf = openDoors(restart);
  const each = doors.map((door) => openDoors(restart, [door]));
  let turn = 0;
  verdictInTurn = async (token) => (isLongRun ? verdictOf : each[turn++ % each.length]!)(token);
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => world.stop());

const ecdh = ecdhRecipient(ORDERS_KEY);
const rsa = rsaRecipient(BILLING_KEY);
const direct = directRecipient(derivedKey('orders'));

const signed = (claims: Json = {}, header: Json = {}) => forge(key, NOW, claims, header);
const plainClaims = (claims: Json = {}) => JSON.stringify({ ...properClaims(NOW), ...claims });

/** The three kinds of tokens: encrypted JWTs by ECDH-ES and by RSA, and sealed tokens. Valid by default. */
const make = {
  ecdh: (options: JweOptions = {}, content: string | Buffer = signed(), recipient = ecdh) =>
    encryptJwe(recipient, content, { ...options, header: { cty: 'JWT', ...options.header } }),
  rsa: (options: JweOptions = {}, content: string | Buffer = signed(), recipient = rsa) =>
    encryptJwe(recipient, content, { ...options, header: { cty: 'JWT', ...options.header } }),
  sealed: (options: JweOptions = {}, content: string | Buffer = plainClaims(), recipient = direct) =>
    encryptJwe(recipient, content, { ...options, header: { typ: 'at+jwt', aud: 'orders', ...options.header } }),
} as const;

type Kind = keyof typeof make;
const kinds = Object.keys(make) as Kind[];

const join = (segments: readonly string[]) => segments.join('.');

/** Counts the operations of WebCrypto, which jose uses for all cryptography. */
function countWork(): () => number {
  const names = ['decrypt', 'unwrapKey', 'importKey', 'deriveBits', 'deriveKey', 'digest', 'sign', 'verify'] as const;
  const spies = names.map((name) => vi.spyOn(webcrypto.subtle, name));
  return () => spies.reduce((count, { mock }) => count + mock.calls.length, 0);
}

describe.each(kinds)('A valid JWE of these tests (%s)', (kind) => {
  it('is accepted, so that the others are refused for their fault only', async () => {
    const work = countWork();
    expect(await verdictOf(join(make[kind]()))).toBe('allow');
    expect(work()).toBeGreaterThan(0);
  });
});

const replaced = (segments: Segments, index: number, change: (segment: string) => string) =>
  join(segments.map((segment, at) => (at === index ? change(segment) : segment)));

const bytes = (length: number) => () => Buffer.alloc(length, 7).toString('base64url');
const SEGMENTS = ['header', 'encrypted key', 'IV', 'ciphertext', 'tag'];

const forbiddenMembers: Record<string, [header: Json, content?: (text: string) => Buffer]> = {
  'compressed content and zip': [{ zip: 'DEF' }, (text) => deflateRawSync(text)],
  'zip, but uncompressed content': [{ zip: 'DEF' }],
  'an empty zip': [{ zip: '' }],
  'p2c in its header': [{ p2c: 2_000_000_000 }],
  'p2s and p2c in its header': [{ p2s: 'c2FsdHNhbHQ', p2c: 2_000_000_000 }],
  'crit in its header': [{ crit: ['exp'], exp: NOW + 60 }],
  'an empty crit in its header': [{ crit: [] }],
  'b64 in its header': [{ b64: false }],
  'jku in its header': [{ jku: 'https://attacker.example/jwks' }],
  'jwk in its header': [{ jwk: { kty: 'oct', k: 'AAAA' } }],
  'x5u in its header': [{ x5u: 'https://attacker.example/cert' }],
  'x5c in its header': [{ x5c: [] }],
  'x5t in its header': [{ x5t: 'AAAA' }],
  'apu in its header': [{ apu: 'QQ' }],
  'apv in its header': [{ apv: 'QQ' }],
  'iv in its header': [{ iv: 'AAAAAAAAAAAAAAAA' }],
  'an unknown member in its header': [{ colour: 'blue' }],
  'iss in its header': [{ iss: 'https://issuer.example' }],
  '__proto__ in its header': [JSON.parse('{"__proto__":{"alg":"dir"}}') as Json],
};

const headerTexts: Record<string, (json: string) => string | Buffer> = {
  'with white space': (json) => json.replace(',', ', '),
  'with a trailing line feed': (json) => `${json}\n`,
  'with alg twice': (json) => json.replace('{', '{"alg":"none",').replace('"none"', '"dir"'),
  'with kid twice': (json) => json.replace('}', ',"kid":"of-orders"}'),
  'with a needless escape': (json) => json.replace('"A256GCM"', '"\\u0041256GCM"'),
  'with a byte order mark': (json) => `\ufeff${json}`,
  'that is not UTF-8': (json) =>
    Buffer.concat([Buffer.from(json.slice(0, -1)), Buffer.from([0x2c, 0x22, 0xff, 0x22, 0x7d])]),
  'that is an array': (json) => `[${json}]`,
  'that is null': () => 'null',
  'that is not JSON': () => 'hello',
};

const foreignEpk = (namedCurve: string) => {
  const { kty, crv, x, y } = newKeyPair('ec', { namedCurve }).publicKey.export({ format: 'jwk' });
  return { x, crv, kty, y };
};

const zeros = Buffer.alloc(32).toString('base64url');

const epks: Record<string, unknown> = {
  'on another curve': foreignEpk('P-384'),
  'on another curve that claims the right one': { ...foreignEpk('P-384'), crv: 'P-256' },
  'on an unknown curve': { ...foreignEpk('P-256'), crv: 'P-255' },
  'that is null': null,
  'that is a string': 'epk',
  'that is missing': undefined,
  'with its private half': { ...foreignEpk('P-256'), d: zeros },
  'with an additional member': { ...foreignEpk('P-256'), use: 'enc' },
  'of another key type': { ...foreignEpk('P-256'), kty: 'OKP' },
  'without y': { ...foreignEpk('P-256'), y: undefined },
  'with a padded coordinate': { ...foreignEpk('P-256'), x: `${zeros}=` },
  'with a short coordinate': { ...foreignEpk('P-256'), x: Buffer.alloc(31, 1).toString('base64url') },
  'with coordinates that are numbers': { ...foreignEpk('P-256'), x: 1, y: 1 },
};

/** Refused because of their unencrypted parts. */
const outer: [string, () => string][] = [
  ...kinds.flatMap((kind): [string, () => string][] => [
    ...Object.entries(forbiddenMembers).map(([name, [header, content]]): [string, () => string] => [
      `${kind}: ${name}`,
      () => {
        const text = kind === 'sealed' ? plainClaims() : signed();
        return join(make[kind]({ header }, content ? content(text) : text));
      },
    ]),
    ...Object.entries(headerTexts).map(([name, headerText]): [string, () => string] => [
      `${kind}: a header ${name}`,
      () => join(make[kind]({ headerText })),
    ]),
    ...SEGMENTS.flatMap((name, index): [string, () => string][] => [
      [`${kind}: a padded ${name}`, () => replaced(make[kind](), index, (segment) => `${segment}=`)],
      [
        `${kind}: white space in the ${name}`,
        () => replaced(make[kind](), index, (segment) => `${segment.slice(0, 2)} ${segment.slice(2)}`),
      ],
      [`${kind}: a line feed after the ${name}`, () => replaced(make[kind](), index, (segment) => `${segment}\n`)],
      [
        `${kind}: an invalid character after the ${name}`,
        () => replaced(make[kind](), index, (segment) => `${segment}*`),
      ],
    ]),
    [`${kind}: no header`, () => replaced(make[kind](), 0, () => '')],
    [`${kind}: no IV`, () => replaced(make[kind](), 2, () => '')],
    [`${kind}: no ciphertext`, () => replaced(make[kind](), 3, () => '')],
    [`${kind}: no tag`, () => replaced(make[kind](), 4, () => '')],
    [`${kind}: an IV of 16 bytes`, () => join(make[kind]({ ivBytes: 16 }))],
    [`${kind}: an IV of 11 bytes`, () => join(make[kind]({ ivBytes: 11 }))],
    [`${kind}: a tag of 12 bytes`, () => replaced(make[kind](), 4, (tag) => tag.slice(0, 16))],
    [`${kind}: a tag of 4 bytes`, () => replaced(make[kind](), 4, () => bytes(4)())],
    [`${kind}: a tag of 17 bytes`, () => replaced(make[kind](), 4, bytes(17))],
    [`${kind}: four segments`, () => join(make[kind]().slice(0, 4))],
    [`${kind}: six segments`, () => `${join(make[kind]())}.AAAA`],
    [`${kind}: a trailing dot`, () => `${join(make[kind]())}.`],
    [
      `${kind}: more than 8 KB`,
      () =>
        join(
          make[kind]({}, kind === 'sealed' ? plainClaims({ x: 'x'.repeat(7_000) }) : signed({ x: 'x'.repeat(6_000) })),
        ),
    ],
    [`${kind}: enc A128GCM`, () => join(make[kind]({ header: { enc: 'A128GCM' }, cekBytes: 16 }))],
    [`${kind}: enc A192GCM`, () => join(make[kind]({ header: { enc: 'A192GCM' }, cekBytes: 24 }))],
    [`${kind}: an enc that differs from the encryption`, () => join(make[kind]({ header: { enc: 'A256CBC-HS512' } }))],
    [`${kind}: no enc`, () => join(make[kind]({ header: { enc: undefined } }))],
    [`${kind}: no alg`, () => join(make[kind]({ header: { alg: undefined } }))],
    [`${kind}: alg none`, () => join(make[kind]({ header: { alg: 'none' } }))],
    [
      `${kind}: an alg for passwords, with a huge p2c`,
      () => join(make[kind]({ header: { alg: 'PBES2-HS256+A128KW', p2s: 'c2FsdHNhbHQ', p2c: 2_000_000_000 } })),
    ],
    [
      `${kind}: an alg for passwords, without p2s and p2c`,
      () => join(make[kind]({ header: { alg: 'PBES2-HS512+A256KW' } })),
    ],
    [`${kind}: alg A256KW`, () => join(make[kind]({ header: { alg: 'A256KW' } }))],
    [`${kind}: alg A256GCMKW`, () => join(make[kind]({ header: { alg: 'A256GCMKW' } }))],
    [`${kind}: an alg in lower case`, () => join(make[kind]({ header: { alg: 'rsa-oaep-256' } }))],
    [`${kind}: no kid`, () => join(make[kind]({ header: { kid: undefined } }))],
    [`${kind}: a kid that is a number`, () => join(make[kind]({ header: { kid: 7 } }))],
    [`${kind}: an unknown kid`, () => join(make[kind]({ header: { kid: 'nobody' } }))],
    [`${kind}: the kid of the signing key`, () => join(make[kind]({ header: { kid: key.kid } }))],
    [`${kind}: the kid toString`, () => join(make[kind]({ header: { kid: 'toString' } }))],
  ]),
  ...Object.entries(epks).map(([name, epk]): [string, () => string] => [
    `an epk ${name}`,
    () => join(make.ecdh({ header: { epk } })),
  ]),
  ['an epk in a JWE by RSA', () => join(make.rsa({ header: { epk: foreignEpk('P-256') } }))],
  ['an epk in a sealed token', () => join(make.sealed({ header: { epk: foreignEpk('P-256') } }))],
  ['no cty in an encrypted JWT', () => join(make.ecdh({ header: { cty: undefined } }))],
  ['a cty in lower case', () => join(make.ecdh({ header: { cty: 'jwt' } }))],
  ['the cty at+jwt', () => join(make.ecdh({ header: { cty: 'at+jwt' } }))],
  ['a typ in the header of an encrypted JWT', () => join(make.rsa({ header: { typ: 'at+jwt' } }))],
  [
    'alg RSA-OAEP with SHA-1',
    () => join(make.rsa({}, signed(), rsaRecipient(BILLING_KEY, { alg: 'RSA-OAEP', oaepHash: 'sha1' }))),
  ],
  [
    'alg RSA-OAEP-512',
    () => join(make.rsa({}, signed(), rsaRecipient(BILLING_KEY, { alg: 'RSA-OAEP-512', oaepHash: 'sha512' }))),
  ],
  ['alg RSA1_5', () => join(make.rsa({ header: { alg: 'RSA1_5' } }))],
  [
    'alg ECDH-ES without key wrapping',
    () => join(make.ecdh({}, signed(), ecdhRecipient(ORDERS_KEY, { alg: 'ECDH-ES' }))),
  ],
  ['alg ECDH-ES+A128KW', () => join(make.ecdh({}, signed(), ecdhRecipient(ORDERS_KEY, { alg: 'ECDH-ES+A128KW' })))],
  ['the alg of another key', () => join(make.rsa({ header: { alg: 'ECDH-ES+A256KW', epk: foreignEpk('P-256') } }))],
  ['the kid of another key', () => join(make.ecdh({ header: { kid: 'of-billing' } }))],
  ['an encrypted key that is too short for RSA', () => replaced(make.rsa(), 1, bytes(255))],
  ['an encrypted key that is too long for RSA', () => replaced(make.rsa(), 1, bytes(257))],
  ['no encrypted key', () => replaced(make.ecdh(), 1, () => '')],
  ['an encrypted key without its integrity check', () => replaced(make.ecdh(), 1, bytes(32))],
  ['an encrypted key in a sealed token', () => replaced(make.sealed(), 1, bytes(40))],
  ['no typ in a sealed token', () => join(make.sealed({ header: { typ: undefined } }))],
  ['the typ of a logout token in a sealed token', () => join(make.sealed({ header: { typ: 'logout+jwt' } }))],
  ['a cty in a sealed token', () => join(make.sealed({ header: { cty: 'JWT' } }))],
  ['no aud in the header of a sealed token', () => join(make.sealed({ header: { aud: undefined } }))],
  ['a list as aud in the header of a sealed token', () => join(make.sealed({ header: { aud: ['orders'] } }))],
  ['alg dir with the kid of a decryption key', () => join(make.sealed({ header: { kid: 'of-orders' } }))],
  [
    'the alg of a decryption key with the kid of a sealing key',
    () => join(make.ecdh({ header: { kid: RING_KEY_ID } })),
  ],
  [
    'a header that does not begin with alg',
    () => join(make.sealed({ headerText: (json) => json.replace(/\{("alg":"dir"),(.*)\}/, '{$2,$1}') })),
  ],
];

describe('Introspection and authorizer refuse, before any cryptography, a JWE with', () => {
  let context: ReturnType<typeof composeAuthorizer>;
  beforeAll(() => {
    context = composeAuthorizer(createFoundationWithTable(world.env, clock));
  });

  it.each(outer)('%s', async (_name, token) => {
    const text = token();
    const work = countWork();
    expect(await verdictInTurn(text)).toBe('refuse');
    expect(work()).toBe(0);
    // Synchronously, so before jose is called.
    expect(() => formats[formatOf(text)].verify(text, context)).toThrow(InvalidToken);
  });
});

const flipped = (segment: string) => {
  const changed = Buffer.from(segment, 'base64url');
  changed[0] = (changed[0] ?? 0) ^ 1;
  return changed.toString('base64url');
};

/** Coordinates of the right length for a point that is not on the curve. */
const offTheCurve = () => ({ ...foreignEpk('P-256'), y: foreignEpk('P-256').x });

const beyondTheField = () => ({ ...foreignEpk('P-256'), x: Buffer.alloc(32, 0xff).toString('base64url') });

const sealedAs = (recipient: Recipient) => join(make.sealed({}, plainClaims(), recipient));
const attacker = forgingKey('ES256', 'of-the-attacker');
// Not from the file of keys, where the key of the service may come round again.
const foreign = newKeyPair('rsa', { modulusLength: 2048 });

/** Refused because decryption fails, or because of their encrypted content. */
const inner: [string, () => string | Promise<string>][] = [
  ...kinds.flatMap((kind): [string, () => string][] => [
    [`${kind}: a changed IV`, () => replaced(make[kind](), 2, flipped)],
    [`${kind}: a changed ciphertext`, () => replaced(make[kind](), 3, flipped)],
    [`${kind}: a changed tag`, () => replaced(make[kind](), 4, flipped)],
  ]),
  ['ecdh: the header of another token', () => join([make.ecdh()[0], ...make.ecdh().slice(1)])],
  ['rsa: a changed encrypted key', () => replaced(make.rsa(), 1, flipped)],
  ['ecdh: a changed encrypted key', () => replaced(make.ecdh(), 1, flipped)],
  ['ecdh: another epk', () => join(make.ecdh({ header: { epk: foreignEpk('P-256') } }))],
  ['ecdh: an epk that is not on the curve', () => join(make.ecdh({ header: { epk: offTheCurve() } }))],
  ['ecdh: an epk with a coordinate beyond the field', () => join(make.ecdh({ header: { epk: beyondTheField() } }))],
  ['ecdh: the epk 0, 0', () => join(make.ecdh({ header: { epk: { x: zeros, crv: 'P-256', kty: 'EC', y: zeros } } }))],
  [
    'encryption to a foreign key under a known kid',
    () => join(make.rsa({}, signed(), rsaRecipient(foreign.publicKey))),
  ],
  ['encryption with the sealing key of another audience', () => sealedAs(directRecipient(derivedKey('billing')))],
  [
    'another audience in the header, sealed with the key of that audience',
    () => join(make.sealed({ header: { aud: 'billing' } }, plainClaims(), directRecipient(derivedKey('billing')))),
  ],
  ['another audience in the claims, sealed', () => join(make.sealed({}, plainClaims({ aud: 'billing' })))],
  ['a list of audiences in the claims, sealed', () => join(make.sealed({}, plainClaims({ aud: ['orders'] })))],
  [
    'encryption with the sealing key of another issuer',
    () => sealedAs(directRecipient(derivedKey('orders', { issuer: 'https://other.example' }))),
  ],
  [
    'encryption with a sealing key from another secret',
    () => sealedAs(directRecipient(derivedKey('orders', { secret: Buffer.alloc(32, 9) }))),
  ],
  [
    'encryption with the underived sealing key',
    () => sealedAs(directRecipient(Buffer.from(encryptionVariables.SEALING_KEYS, 'base64url'))),
  ],
  [
    'encryption with the handle key',
    () => sealedAs(directRecipient(Buffer.from(world.env['HANDLE_KEYS'] ?? '', 'base64url'))),
  ],
  ['encryption with a key of zeros', () => sealedAs(directRecipient(Buffer.alloc(32)))],

  ['an ID token, encrypted', () => join(make.ecdh({}, forgeIdToken(key, NOW)))],
  ['a JWT without typ, encrypted', () => join(make.ecdh({}, signed({}, { typ: undefined })))],
  [
    'a JWT with the full media type as typ, encrypted',
    () => join(make.ecdh({}, signed({}, { typ: 'application/at+jwt' }))),
  ],
  ['an unsigned JWT, encrypted', () => join(make.rsa({}, signed({}, { alg: 'none' }).replace(/[^.]+$/, '')))],
  ['a JWT signed by a foreign key, encrypted', () => join(make.rsa({}, forge(attacker, NOW)))],
  [
    'a JWT signed by a foreign key under a known kid, encrypted',
    () => join(make.rsa({}, forge({ ...attacker, kid: key.kid }, NOW))),
  ],
  ['unsigned claims, encrypted to a public key', () => join(make.ecdh({}, plainClaims()))],
  ['a JWE in a JWE', () => join(make.ecdh({}, join(make.ecdh())))],
  ['a sealed token in a JWE', () => join(make.rsa({}, join(make.sealed())))],
  ['a reference token, encrypted', async () => join(make.rsa({}, await getToken(world.handlers, 'machine-reference')))],
  ['a JWT with a trailing line feed, encrypted', () => join(make.rsa({}, `${signed()}\n`))],
  [
    'a JWT with bytes that are not UTF-8, encrypted',
    () => join(make.rsa({}, Buffer.concat([Buffer.from(signed()), Buffer.of(0xff)]))),
  ],
  ['a JWT, sealed', () => join(make.sealed({}, signed()))],
  ['an encrypted JWT, sealed', () => join(make.sealed({}, join(make.ecdh())))],
  ['a client secret, sealed', () => join(make.sealed({}, SECRET))],
  ['claims with white space, sealed', () => join(make.sealed({}, `${plainClaims()} `))],
  ['claims with sub twice, sealed', () => join(make.sealed({}, plainClaims().replace('{', '{"sub":"admin",')))],
  ['claims that are not UTF-8, sealed', () => join(make.sealed({}, Buffer.from(plainClaims({ sub: 'ÿ' }), 'latin1')))],
  ['an array with the claims, sealed', () => join(make.sealed({}, `[${plainClaims()}]`))],
  ['an empty object, sealed', () => join(make.sealed({}, '{}'))],
  ['text that is not JSON, sealed', () => join(make.sealed({}, 'hello'))],
];

describe('Introspection and authorizer refuse, after decryption, a JWE with', () => {
  it.each(inner)('%s', async (_name, token) => {
    const text = await token();
    const work = countWork();
    expect(await verdictOf(text)).toBe('refuse');
    expect(work()).toBeGreaterThan(0);
  });

  const makeWith = {
    'encrypted to a curve': (claims: Json) => make.ecdh({}, signed(claims)),
    'encrypted to RSA': (claims: Json) => make.rsa({}, signed(claims)),
    sealed: (claims: Json) => make.sealed({}, plainClaims(claims)),
  };
  const wrongClaims: [string, Json][] = [
    ['another issuer', { iss: 'https://other.example' }],
    ['another audience', { aud: 'billing' }],
    ['no aud', { aud: undefined }],
    ['no exp', { exp: undefined }],
    ['an exp in the past', { iat: NOW - 60, exp: NOW }],
    ['an exp that is a string', { exp: String(NOW + 60) }],
    ['an iat in the future', { iat: NOW + 6 }],
    ['no iat', { iat: undefined }],
    ['a lifetime over the maximum', { exp: NOW + 86_401 }],
    ['an nbf in the future', { nbf: NOW + 60 }],
    ['no sub', { sub: undefined }],
    ['an empty client_id', { client_id: '' }],
    ['no jti', { jti: undefined }],
    ['a scope that is a list of lists', { scope: [['read']] }],
    ['a cnf', { cnf: { jkt: 'abc' } }],
  ];
  const cases = pairs(wrongClaims, Object.entries(makeWith)).map(
    ([[name, claims], [kind, makeKind]]) => [name, kind, makeKind, claims] as const,
  );
  it.each(cases)('claims with %s, %s', async (_name, _kind, makeKind, claims) => {
    expect(await verdictInTurn(join(makeKind(claims)))).toBe('refuse');
  });
});

it('None of the refused JWEs revokes anything or causes an error at the revocation endpoint', async () => {
  const entries = () => openList(world.table).length();
  const before = await entries();
  const { revocation } = world.restart({ CLIENT_CACHE_SECONDS: '3600' });
  for (const [name, token] of sampled([...outer, ...inner], 3)) {
    const form = { token: await token() };
    if (form.token.length > 8_192) continue;
    const event = httpEvent({ headers: { authorization: basic('machine-jwt') }, form });
    const { statusCode, body } = await revocation(event);
    const isUnreadable = body.includes('unsupported_token_type');
    expect([name, statusCode]).toEqual([name, isUnreadable ? 400 : 200]);
  }
  expect(await entries()).toBe(before);
});

it('A sealed token with segments removed is not accepted as a token of another format', async () => {
  const [header, , iv, ciphertext, tag] = make.sealed();
  for (const text of [
    `${header}.${ciphertext}.${tag}`,
    `${header}.${iv}.${ciphertext}`,
    `${header}..`,
    `${header}....`,
  ]) {
    expect(await verdictOf(text)).toBe('refuse');
  }
});
