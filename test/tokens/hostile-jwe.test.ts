// JWEs that are wrong in exactly one way. Each is properly encrypted, by a real key wherever that is possible, so that it
// is refused for what it is and not because it cannot be read.
import { generateKeyPairSync, webcrypto } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { compose as composeAuthorizer } from '../../functions/authorizer.ts';
import { InvalidToken } from '../../lib/oauth/errors.ts';
import { formatOf, formats } from '../../lib/tokens/formats.ts';
import { createFoundationWithTable } from '../../lib/wiring/foundation.ts';
import { openDoors } from '../support/doors.ts';
import { forge, forgingKey, forgingVariables, type Json, properClaims } from '../support/forge.ts';
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
import { rsaKeyPair } from '../support/rsa-keys.ts';
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
let saidOf: ReturnType<typeof openDoors>;

beforeAll(async () => {
  world = await startWorld(forgingVariables([key]), clock);
  saidOf = openDoors(world.restart);
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => world.stop());

const ecdh = ecdhRecipient(ORDERS_KEY);
const rsa = rsaRecipient(BILLING_KEY);
const direct = directRecipient(derivedKey('orders'));

const signed = (claims: Json = {}, header: Json = {}) => forge(key, NOW, claims, header);
const plainClaims = (claims: Json = {}) => JSON.stringify({ ...properClaims(NOW), ...claims });

/** The three kinds, proper unless told otherwise. */
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

/** Every operation of WebCrypto, which is all that jose computes with. */
function countWork(): () => number {
  const names = ['decrypt', 'unwrapKey', 'importKey', 'deriveBits', 'deriveKey', 'digest', 'sign', 'verify'] as const;
  const spies = names.map((name) => vi.spyOn(webcrypto.subtle, name));
  return () => spies.reduce((count, { mock }) => count + mock.calls.length, 0);
}

describe.each(kinds)('a proper forgery: %s', (kind) => {
  it('is accepted, so what follows is refused for its one mistake', async () => {
    const work = countWork();
    expect(await saidOf(join(make[kind]()))).toBe('allow');
    expect(work()).toBeGreaterThan(0);
  });
});

const replaced = (segments: Segments, index: number, change: (segment: string) => string) =>
  join(segments.map((segment, at) => (at === index ? change(segment) : segment)));

const bytes = (length: number) => () => Buffer.alloc(length, 7).toString('base64url');
const SEGMENTS = ['header', 'encrypted key', 'IV', 'ciphertext', 'tag'];

const notOurs: Record<string, [header: Json, content?: (text: string) => Buffer]> = {
  'is compressed': [{ zip: 'DEF' }, (text) => deflateRawSync(text)],
  'says that it is compressed': [{ zip: 'DEF' }],
  'has an empty zip': [{ zip: '' }],
  'has a password’s count': [{ p2c: 2_000_000_000 }],
  'has a password’s salt and count': [{ p2s: 'c2FsdHNhbHQ', p2c: 2_000_000_000 }],
  'has crit': [{ crit: ['exp'], exp: NOW + 60 }],
  'has an empty crit': [{ crit: [] }],
  'has b64': [{ b64: false }],
  'has jku': [{ jku: 'https://attacker.example/jwks' }],
  'has jwk': [{ jwk: { kty: 'oct', k: 'AAAA' } }],
  'has x5u': [{ x5u: 'https://attacker.example/cert' }],
  'has x5c': [{ x5c: [] }],
  'has x5t': [{ x5t: 'AAAA' }],
  'has apu': [{ apu: 'QQ' }],
  'has apv': [{ apv: 'QQ' }],
  'has the IV of a wrapped key': [{ iv: 'AAAAAAAAAAAAAAAA' }],
  'has a member of its own': [{ colour: 'blue' }],
  'has iss beside its members': [{ iss: 'https://issuer.example' }],
  'has __proto__': [JSON.parse('{"__proto__":{"alg":"dir"}}') as Json],
};

const headerTexts: Record<string, (json: string) => string | Buffer> = {
  'has white space': (json) => json.replace(',', ', '),
  'has a line feed behind it': (json) => `${json}\n`,
  'has its alg twice': (json) => json.replace('{', '{"alg":"none",').replace('"none"', '"dir"'),
  'has its kid twice': (json) => json.replace('}', ',"kid":"of-orders"}'),
  'is escaped where it need not be': (json) => json.replace('"A256GCM"', '"\\u0041256GCM"'),
  'begins with a byte order mark': (json) => `\ufeff${json}`,
  'is not UTF-8': (json) =>
    Buffer.concat([Buffer.from(json.slice(0, -1)), Buffer.from([0x2c, 0x22, 0xff, 0x22, 0x7d])]),
  'is a list': (json) => `[${json}]`,
  'is null': () => 'null',
  'is no JSON': () => 'hello',
};

const foreignEpk = (namedCurve: string) => {
  const { kty, crv, x, y } = generateKeyPairSync('ec', { namedCurve }).publicKey.export({ format: 'jwk' });
  return { x, crv, kty, y };
};

const zeros = Buffer.alloc(32).toString('base64url');

const epks: Record<string, unknown> = {
  'of another curve': foreignEpk('P-384'),
  'of another curve under the name of this one': { ...foreignEpk('P-384'), crv: 'P-256' },
  'of a curve that nobody has': { ...foreignEpk('P-256'), crv: 'P-255' },
  'that is none': null,
  'that is a text': 'epk',
  'that is missing': undefined,
  'with its private half': { ...foreignEpk('P-256'), d: zeros },
  'with a member more': { ...foreignEpk('P-256'), use: 'enc' },
  'of another type': { ...foreignEpk('P-256'), kty: 'OKP' },
  'without y': { ...foreignEpk('P-256'), y: undefined },
  'with a padded coordinate': { ...foreignEpk('P-256'), x: `${zeros}=` },
  'with a coordinate too short': { ...foreignEpk('P-256'), x: Buffer.alloc(31, 1).toString('base64url') },
  'with coordinates that are numbers': { ...foreignEpk('P-256'), x: 1, y: 1 },
};

/** Refused by what everybody can see of them. */
const outer: [string, () => string][] = [
  ...kinds.flatMap((kind): [string, () => string][] => [
    ...Object.entries(notOurs).map(([name, [header, content]]): [string, () => string] => [
      `${kind}: ${name}`,
      () => {
        const text = kind === 'sealed' ? plainClaims() : signed();
        return join(make[kind]({ header }, content ? content(text) : text));
      },
    ]),
    ...Object.entries(headerTexts).map(([name, headerText]): [string, () => string] => [
      `${kind}: its header ${name}`,
      () => join(make[kind]({ headerText })),
    ]),
    ...SEGMENTS.flatMap((name, index): [string, () => string][] => [
      [`${kind}: a padded ${name}`, () => replaced(make[kind](), index, (segment) => `${segment}=`)],
      [
        `${kind}: white space in its ${name}`,
        () => replaced(make[kind](), index, (segment) => `${segment.slice(0, 2)} ${segment.slice(2)}`),
      ],
      [`${kind}: a line feed behind its ${name}`, () => replaced(make[kind](), index, (segment) => `${segment}\n`)],
      [`${kind}: a stray character in its ${name}`, () => replaced(make[kind](), index, (segment) => `${segment}*`)],
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
    [`${kind}: a dot behind it`, () => `${join(make[kind]())}.`],
    [
      `${kind}: more than 8 KB`,
      () =>
        join(
          make[kind]({}, kind === 'sealed' ? plainClaims({ x: 'x'.repeat(7_000) }) : signed({ x: 'x'.repeat(6_000) })),
        ),
    ],
    [`${kind}: another enc`, () => join(make[kind]({ header: { enc: 'A128GCM' }, cekBytes: 16 }))],
    [`${kind}: A192GCM`, () => join(make[kind]({ header: { enc: 'A192GCM' }, cekBytes: 24 }))],
    [`${kind}: an enc that is not how it is encrypted`, () => join(make[kind]({ header: { enc: 'A256CBC-HS512' } }))],
    [`${kind}: no enc`, () => join(make[kind]({ header: { enc: undefined } }))],
    [`${kind}: no alg`, () => join(make[kind]({ header: { alg: undefined } }))],
    [`${kind}: alg none`, () => join(make[kind]({ header: { alg: 'none' } }))],
    [
      `${kind}: a password`,
      () => join(make[kind]({ header: { alg: 'PBES2-HS256+A128KW', p2s: 'c2FsdHNhbHQ', p2c: 2_000_000_000 } })),
    ],
    [`${kind}: a password without salt and count`, () => join(make[kind]({ header: { alg: 'PBES2-HS512+A256KW' } }))],
    [`${kind}: A256KW`, () => join(make[kind]({ header: { alg: 'A256KW' } }))],
    [`${kind}: A256GCMKW`, () => join(make[kind]({ header: { alg: 'A256GCMKW' } }))],
    [`${kind}: an alg in lower case`, () => join(make[kind]({ header: { alg: 'rsa-oaep-256' } }))],
    [`${kind}: no kid`, () => join(make[kind]({ header: { kid: undefined } }))],
    [`${kind}: a kid that is a number`, () => join(make[kind]({ header: { kid: 7 } }))],
    [`${kind}: a kid of nobody`, () => join(make[kind]({ header: { kid: 'nobody' } }))],
    [`${kind}: the kid of the signing key`, () => join(make[kind]({ header: { kid: key.kid } }))],
    [`${kind}: a kid named like a method of every object`, () => join(make[kind]({ header: { kid: 'toString' } }))],
  ]),
  ...Object.entries(epks).map(([name, epk]): [string, () => string] => [
    `an epk ${name}`,
    () => join(make.ecdh({ header: { epk } })),
  ]),
  ['an epk for RSA', () => join(make.rsa({ header: { epk: foreignEpk('P-256') } }))],
  ['an epk for dir', () => join(make.sealed({ header: { epk: foreignEpk('P-256') } }))],
  ['no cty', () => join(make.ecdh({ header: { cty: undefined } }))],
  ['a cty in lower case', () => join(make.ecdh({ header: { cty: 'jwt' } }))],
  ['the cty of the contents', () => join(make.ecdh({ header: { cty: 'at+jwt' } }))],
  ['a typ outside', () => join(make.rsa({ header: { typ: 'at+jwt' } }))],
  [
    'RSA-OAEP with SHA-1',
    () => join(make.rsa({}, signed(), rsaRecipient(BILLING_KEY, { alg: 'RSA-OAEP', oaepHash: 'sha1' }))),
  ],
  [
    'RSA-OAEP-512',
    () => join(make.rsa({}, signed(), rsaRecipient(BILLING_KEY, { alg: 'RSA-OAEP-512', oaepHash: 'sha512' }))),
  ],
  ['RSA1_5', () => join(make.rsa({ header: { alg: 'RSA1_5' } }))],
  ['ECDH-ES alone', () => join(make.ecdh({}, signed(), ecdhRecipient(ORDERS_KEY, { alg: 'ECDH-ES' })))],
  ['ECDH-ES+A128KW', () => join(make.ecdh({}, signed(), ecdhRecipient(ORDERS_KEY, { alg: 'ECDH-ES+A128KW' })))],
  ['the alg of another key', () => join(make.rsa({ header: { alg: 'ECDH-ES+A256KW', epk: foreignEpk('P-256') } }))],
  ['the kid of another key', () => join(make.ecdh({ header: { kid: 'of-billing' } }))],
  ['an encrypted key too short for RSA', () => replaced(make.rsa(), 1, bytes(255))],
  ['an encrypted key too long for RSA', () => replaced(make.rsa(), 1, bytes(257))],
  ['no encrypted key', () => replaced(make.ecdh(), 1, () => '')],
  ['an encrypted key without its check', () => replaced(make.ecdh(), 1, bytes(32))],
  ['an encrypted key where the key is shared', () => replaced(make.sealed(), 1, bytes(40))],
  ['no typ', () => join(make.sealed({ header: { typ: undefined } }))],
  ['the typ of an ID token', () => join(make.sealed({ header: { typ: 'JWT' } }))],
  ['a cty for claims', () => join(make.sealed({ header: { cty: 'JWT' } }))],
  ['no aud', () => join(make.sealed({ header: { aud: undefined } }))],
  ['a list as aud', () => join(make.sealed({ header: { aud: ['orders'] } }))],
  ['dir under the kid of a public key', () => join(make.sealed({ header: { kid: 'of-orders' } }))],
  ['a public key’s alg under the kid of the ring', () => join(make.ecdh({ header: { kid: RING_KEY_ID } }))],
  [
    'alg behind other members',
    () => join(make.sealed({ headerText: (json) => json.replace(/\{("alg":"dir"),(.*)\}/, '{$2,$1}') })),
  ],
];

describe('is refused before any work is done', () => {
  it.each(outer)('%s', async (_name, token) => {
    const text = token();
    const work = countWork();
    expect(await saidOf(text)).toBe('refuse');
    expect(work()).toBe(0);
    // At once, which is before jose is even asked.
    expect(() =>
      formats[formatOf(text)].verify(text, composeAuthorizer(createFoundationWithTable(world.env, clock))),
    ).toThrow(InvalidToken);
  });
});

const flipped = (segment: string) => {
  const changed = Buffer.from(segment, 'base64url');
  changed[0] = (changed[0] ?? 0) ^ 1;
  return changed.toString('base64url');
};

/** A point whose coordinates are those of the curve's length, and which is not on it. */
const offTheCurve = () => ({ ...foreignEpk('P-256'), y: foreignEpk('P-256').x });

const beyondTheField = () => ({ ...foreignEpk('P-256'), x: Buffer.alloc(32, 0xff).toString('base64url') });

const sealedAs = (recipient: Recipient) => join(make.sealed({}, plainClaims(), recipient));
const attacker = forgingKey('ES256', 'of-the-attacker');

/** Refused by what decrypting shows. */
const inner: [string, () => string | Promise<string>][] = [
  ...kinds.flatMap((kind): [string, () => string][] => [
    [`${kind}: another IV`, () => replaced(make[kind](), 2, flipped)],
    [`${kind}: another ciphertext`, () => replaced(make[kind](), 3, flipped)],
    [`${kind}: another tag`, () => replaced(make[kind](), 4, flipped)],
  ]),
  ['ECDH: the header of another token', () => join([make.ecdh()[0], ...make.ecdh().slice(1)])],
  ['RSA: another encrypted key', () => replaced(make.rsa(), 1, flipped)],
  ['ECDH: another encrypted key', () => replaced(make.ecdh(), 1, flipped)],
  ['ECDH: the epk of somebody else', () => join(make.ecdh({ header: { epk: foreignEpk('P-256') } }))],
  ['ECDH: a point off the curve', () => join(make.ecdh({ header: { epk: offTheCurve() } }))],
  ['ECDH: a coordinate beyond the field', () => join(make.ecdh({ header: { epk: beyondTheField() } }))],
  ['ECDH: the point 0, 0', () => join(make.ecdh({ header: { epk: { x: zeros, crv: 'P-256', kty: 'EC', y: zeros } } }))],
  [
    'a key that is not ours under the kid of ours',
    () => join(make.rsa({}, signed(), rsaRecipient(rsaKeyPair().publicKey))),
  ],
  ['the key of another audience', () => sealedAs(directRecipient(derivedKey('billing')))],
  [
    'another audience in the header than in the claims',
    () => join(make.sealed({ header: { aud: 'billing' } }, plainClaims(), directRecipient(derivedKey('billing')))),
  ],
  ['another audience in the claims than in the header', () => join(make.sealed({}, plainClaims({ aud: 'billing' })))],
  ['a list of audiences in the claims', () => join(make.sealed({}, plainClaims({ aud: ['orders'] })))],
  [
    'the key of another issuer',
    () => sealedAs(directRecipient(derivedKey('orders', { issuer: 'https://other.example' }))),
  ],
  ['the key of another ring', () => sealedAs(directRecipient(derivedKey('orders', { secret: Buffer.alloc(32, 9) })))],
  ['the ring key itself', () => sealedAs(directRecipient(Buffer.from(encryptionVariables.SEALING_KEYS, 'base64url')))],
  ['the handle key', () => sealedAs(directRecipient(Buffer.from(world.env['HANDLE_KEYS'] ?? '', 'base64url')))],
  ['a key of zeros', () => sealedAs(directRecipient(Buffer.alloc(32)))],

  ['an ID token, encrypted', () => join(make.ecdh({}, signed({}, { typ: 'JWT' })))],
  ['an untyped JWT, encrypted', () => join(make.ecdh({}, signed({}, { typ: undefined })))],
  ['a JWT of the full media type, encrypted', () => join(make.ecdh({}, signed({}, { typ: 'application/at+jwt' })))],
  ['an unsigned JWT, encrypted', () => join(make.rsa({}, signed({}, { alg: 'none' }).replace(/[^.]+$/, '')))],
  ['a JWT of another signer, encrypted', () => join(make.rsa({}, forge(attacker, NOW)))],
  [
    'a JWT of another signer under our kid, encrypted',
    () => join(make.rsa({}, forge({ ...attacker, kid: key.kid }, NOW))),
  ],
  ['bare claims, encrypted to a public key', () => join(make.ecdh({}, plainClaims()))],
  ['a JWE in a JWE', () => join(make.ecdh({}, join(make.ecdh())))],
  ['a sealed token in a JWE', () => join(make.rsa({}, join(make.sealed())))],
  ['a reference token, encrypted', async () => join(make.rsa({}, await getToken(world.handlers, 'machine-reference')))],
  ['a JWT with a line feed, encrypted', () => join(make.rsa({}, `${signed()}\n`))],
  [
    'a JWT in bytes that are not UTF-8',
    () => join(make.rsa({}, Buffer.concat([Buffer.from(signed()), Buffer.of(0xff)]))),
  ],
  ['a JWT, sealed', () => join(make.sealed({}, signed()))],
  ['an encrypted JWT, sealed', () => join(make.sealed({}, join(make.ecdh())))],
  ['a client secret, sealed', () => join(make.sealed({}, SECRET))],
  ['claims with white space, sealed', () => join(make.sealed({}, `${plainClaims()} `))],
  [
    'claims that say something twice, sealed',
    () => join(make.sealed({}, plainClaims().replace('{', '{"sub":"admin",'))),
  ],
  ['claims that are not UTF-8, sealed', () => join(make.sealed({}, Buffer.from(plainClaims({ sub: 'ÿ' }), 'latin1')))],
  ['a list of claims, sealed', () => join(make.sealed({}, `[${plainClaims()}]`))],
  ['no claims, sealed', () => join(make.sealed({}, '{}'))],
  ['no JSON, sealed', () => join(make.sealed({}, 'hello'))],
];

describe('is refused when it was decrypted', () => {
  it.each(inner)('%s', async (_name, token) => {
    const text = await token();
    const work = countWork();
    expect(await saidOf(text)).toBe('refuse');
    expect(work()).toBeGreaterThan(0);
  });

  it.each<[string, Json]>([
    ['another issuer', { iss: 'https://other.example' }],
    ['another audience', { aud: 'billing' }],
    ['no audience', { aud: undefined }],
    ['no expiry', { exp: undefined }],
    ['an expiry that is past', { iat: NOW - 60, exp: NOW }],
    ['an expiry that is a text', { exp: String(NOW + 60) }],
    ['an iat to come', { iat: NOW + 1 }],
    ['no iat', { iat: undefined }],
    ['a lifetime beyond any', { exp: NOW + 86_401 }],
    ['nbf to come', { nbf: NOW + 60 }],
    ['no subject', { sub: undefined }],
    ['an empty client', { client_id: '' }],
    ['no id', { jti: undefined }],
    ['a scope that is a list', { scope: ['read'] }],
    ['a key that it is bound to', { cnf: { jkt: 'abc' } }],
  ])('every kind with %s', async (_name, claims) => {
    expect(await saidOf(join(make.ecdh({}, signed(claims))))).toBe('refuse');
    expect(await saidOf(join(make.rsa({}, signed(claims))))).toBe('refuse');
    expect(await saidOf(join(make.sealed({}, plainClaims(claims))))).toBe('refuse');
  });
});

it('none of them revokes anything, nor is any a fault', async () => {
  const entries = async () => (await world.table.query('REVOKED#0', '0')).length;
  const before = await entries();
  for (const [name, token] of [...outer, ...inner]) {
    const form = { token: await token() };
    if (form.token.length > 8_192) continue;
    const event = httpEvent({ headers: { authorization: basic('machine-jwt') }, form });
    const { statusCode, body } = await world.handlers.revocation(event);
    const isUnreadable = body.includes('unsupported_token_type');
    expect([name, statusCode]).toEqual([name, isUnreadable ? 400 : 200]);
  }
  expect(await entries()).toBe(before);
});

it('a sealed token is none of the others, whatever is cut from it', async () => {
  const [header, , iv, ciphertext, tag] = make.sealed();
  for (const text of [
    `${header}.${ciphertext}.${tag}`,
    `${header}.${iv}.${ciphertext}`,
    `${header}..`,
    `${header}....`,
  ]) {
    expect(await saidOf(text)).toBe('refuse');
  }
});
