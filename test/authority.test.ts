// Who is believed where. Everything that a token or handle can be is made with every key that the packaged template hands to a
// function, or that an API has, and with all ids that tokens show, and is then presented at every door. The table says what may
// succeed. The forgeries are made with node:crypto, so that they do not follow what `lib` allows.
import { createHash, createHmac, createPrivateKey, createPublicKey, hkdfSync, type JsonWebKey } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createStageSecret } from '../infra/cli/stage-secret.ts';
import { packagedTemplate } from '../infra/local/packaged-template.ts';
import { systemClock } from '../lib/clock.ts';
import { createUserStore } from '../lib/store/user.ts';
import { browserResult, CALLBACK, openBrowser, proper, queryOf, user, VERIFIER, webClient } from './support/browser.ts';
import { type ForgingKey, forgingKey, type Json, seal, segment, signingKeyOf } from './support/forge.ts';
import { derivedKey, directRecipient, ecdhRecipient, encryptJwe, ringKeyId } from './support/forge-jwe.ts';
import { payloadOf } from './support/grants.ts';
import { readPackagedStack } from './support/packaged-functions.ts';
import { sampled } from './support/scale.ts';
import {
  authorizerEvents,
  client,
  createHandlers,
  type Handlers,
  httpEvent,
  post,
  startWorld,
  type Variables,
  verdict,
  type World,
} from './support/world.ts';

const ISSUER = 'http://localhost:3000';
const now = systemClock();

let world: World;
let handlers: Handlers;
let billingAuthorizer: Handlers['authorizer'];
/** The variables with keys of each function, and of an API that has the keys of its audience. */
let holders: Readonly<Record<string, Variables>>;
let victim: Victim;

/** What a person, her client and its APIs have, and what the APIs and the table show of it. */
interface Victim {
  readonly cookie: string;
  readonly ids: { readonly sub: string; readonly grant_id: string; readonly sid: string; readonly reference: string };
  readonly tokens: Readonly<Record<string, { readonly api: string; readonly text: string; readonly jti: string }>>;
  readonly refresh_token: string;
}

beforeAll(async () => {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const secret: Variables = { ...createStageSecret(['ES256']) };
  const stack = readPackagedStack(await packagedTemplate(root, ISSUER), { 'latchkey/local': secret });
  world = await startWorld({ ISSUER });
  const environments = Object.entries(stack.functions).map(([name, { environment }]): [string, Variables] => [
    name,
    environment,
  ]);
  const place = ['TABLE_NAME', 'AWS_ENDPOINT_URL_DYNAMODB', 'LOCAL_PATIENCE', 'AWS_REGION', 'AWS_ACCESS_KEY_ID'];
  // As in the transition from version 0.1.0, whose key for all kinds every function had.
  const previous = { HANDLE_KEYS: Buffer.alloc(32, 7).toString('base64url') };
  const shared = Object.fromEntries([...place, 'AWS_SECRET_ACCESS_KEY'].map((name) => [name, world.env[name] ?? '']));
  const start = (name: string, more: Variables = {}) =>
    createHandlers({
      ...stack.functions[name]?.environment,
      ...shared,
      ...previous,
      CLIENT_CACHE_SECONDS: '3600',
      AUDIENCE: 'orders',
      LOG_LEVEL: 'silent',
      ...more,
    });
  handlers = Object.fromEntries(
    environments.flatMap(([name]) => {
      const handler = start(name)[name as keyof Handlers];
      return handler ? [[name, handler]] : [];
    }),
  ) as unknown as Handlers;
  billingAuthorizer = start('authorizer', { AUDIENCE: 'billing' }).authorizer;

  const ring = secret['SEALING_KEYS'] ?? '';
  holders = {
    ...Object.fromEntries(environments.map(([name, variables]) => [name, keysOf(variables)])),
    'a function of version 0.1.0': previous,
    'the API orders': {
      OPENING_KEYS: `${ringKeyId(bytes(ring))}.${derivedKey('orders', { secret: bytes(ring), issuer: ISSUER }).toString('base64url')}`,
      DECRYPTION_KEYS: secret['DECRYPTION_KEYS'] ?? '',
      VERIFICATION_KEYS: secret['VERIFICATION_KEYS'] ?? '',
    },
  };
  await createRecords();
  victim = await createVictim();
});
afterAll(() => world.stop());

const bytes = (text: string) => Buffer.from(text, 'base64url');

const keysOf = (variables: Variables): Variables =>
  Object.fromEntries(Object.entries(variables).filter(([name, value]) => name.endsWith('_KEYS') && value !== ''));

async function createRecords(): Promise<void> {
  const users = createUserStore(world.table);
  const alice = user('alice');
  await users.reserveName('alice', alice.sub);
  await users.create(alice);
  await Promise.all([
    world.clients.create(webClient('web', { require_consent: false, post_logout_redirect_uris: [CALLBACK] })),
    world.clients.create(client('references', { access_token_format: 'reference' })),
  ]);
}

async function createVictim(): Promise<Victim> {
  const browser = openBrowser(handlers.authorization, { issuer: ISSUER });
  const scope = 'openid profile offline_access read';
  const { answer } = await browser.pass(proper({ scope, resource: ['orders', 'billing'] }));
  const redemption = { grant_type: 'authorization_code', code: answer['code'] ?? '', redirect_uri: CALLBACK };
  const first = await tokens('web', { ...redemption, code_verifier: VERIFIER });
  const second = await tokens('web', {
    grant_type: 'refresh_token',
    refresh_token: first.refresh_token,
    resource: 'billing',
  });
  const reference = await tokens('references', { grant_type: 'client_credentials', resource: 'billing' });
  const { grant_id, sub, jti } = payloadOf(first.access_token);
  const described = await post(handlers.introspection, 'billing', { token: reference.access_token });
  return {
    cookie: browser.cookies[0] ?? '',
    ids: {
      sub: String(sub),
      grant_id: String(grant_id),
      sid: String(payloadOf(first.id_token)['sid']),
      reference: String(described.json['jti']),
    },
    tokens: {
      'a JWT for orders and billing': { api: 'orders', text: first.access_token, jti: String(jti) },
      'a JWT for billing': {
        api: 'billing',
        text: second.access_token,
        jti: String(payloadOf(second.access_token)['jti']),
      },
      'a reference token for billing': {
        api: 'billing',
        text: reference.access_token,
        jti: String(described.json['jti']),
      },
    },
    refresh_token: second.refresh_token,
  };
}

type Tokens = Readonly<Record<'access_token' | 'refresh_token' | 'id_token', string>>;

async function tokens(id: string, form: Record<string, string>): Promise<Tokens> {
  const { status, json } = await post(handlers.token, id, form);
  if (status !== 200) throw new Error(`no tokens: ${JSON.stringify(json)}`);
  return json as unknown as Tokens;
}

/** Texts by what they are. */
type Forgeries = Readonly<Record<string, string>>;

/** The claims of an access token of the victim. */
const claimsFor = (aud: string, more: Json = {}): Json => ({
  iss: ISSUER,
  sub: victim.ids.sub,
  aud,
  client_id: 'web',
  scope: 'openid profile read',
  iat: now,
  exp: now + 3600,
  grant_id: victim.ids.grant_id,
  jti: victim.tokens['a JWT for billing']?.jti,
  ...more,
});

const idTokenClaims = (): Json => ({
  iss: ISSUER,
  sub: victim.ids.sub,
  aud: 'web',
  iat: now,
  exp: now + 3600,
  sid: victim.ids.sid,
});

function signed(key: ForgingKey, typ: string, claims: Json): string {
  return seal(segment({ alg: key.alg, typ, kid: key.kid }), segment(claims), key);
}

const jwksOf = (variable: string) => (JSON.parse(variable) as { keys: (JsonWebKey & { kid: string })[] }).keys;

const sealedWith = (kid: string, key: Buffer, aud: string, more: Json = {}) =>
  encryptJwe(directRecipient(key, kid), JSON.stringify(claimsFor(aud, more)), { header: { typ: 'at+jwt', aud } }).join(
    '.',
  );

/** JWTs by somebody who has only what everybody has. */
function unsigned(typ: string, claims: Json, publicKey: JsonWebKey & { kid: string }): string[] {
  const { kid } = publicKey;
  const mac = (key: string | Buffer): ForgingKey => ({
    ...forgingKey('ES256', kid),
    sign: (data) => createHmac('sha256', key).update(data).digest(),
  });
  const asPem = createPublicKey({ key: publicKey, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  return [
    seal(segment({ alg: 'HS256', typ, kid }), segment(claims), mac(JSON.stringify(publicKey))),
    seal(segment({ alg: 'HS256', typ, kid }), segment(claims), mac(String(asPem))),
    `${segment({ alg: 'none', typ, kid })}.${segment(claims)}.`,
    signed(forgingKey('ES256', kid), typ, claims),
  ];
}

const encrypted = (jwt: string, [decryption]: readonly (JsonWebKey & { kid: string })[]) => {
  const publicKey = createPublicKey(createPrivateKey({ key: decryption!, format: 'jwk' }));
  return encryptJwe(ecdhRecipient(publicKey, { kid: decryption!.kid }), jwt, { header: { cty: 'JWT' } }).join('.');
};

const numbered = (what: string, texts: readonly string[]): Forgeries =>
  Object.fromEntries(texts.map((text, index) => [`${what}, way ${index + 1}`, text]));

const prefixes = {
  reference_token: 'lk_at_',
  code: 'lk_ac_',
  refresh_token: 'lk_rt_',
  session: 'lk_ss_',
  page: 'lk_pg_',
} as const;

type HandleKind = keyof typeof prefixes;

/** Of the victim's refresh token. */
const GENERATION = Buffer.from([0, 0, 0, 1]);

/** With the key as it is, as in version 0.1.0, and with the one that is derived for the kind. */
function forgeHandle(kind: HandleKind, ring: string, carried: Buffer): string[] {
  const [secret = Buffer.alloc(0)] = ring.split(',').map((key) => bytes(key.trim()));
  const label = 'latchkey handle key id\0';
  const keys = [
    { keyId: digest(label, secret), key: new Uint8Array(secret) },
    {
      keyId: digest(`${label + kind}\0`, secret),
      key: new Uint8Array(hkdfSync('sha256', secret, '', `latchkey handle\0${ISSUER}\0${kind}`, 32)),
    },
  ];
  return keys.map(({ keyId, key }) => {
    const generation = kind === 'refresh_token' ? [GENERATION] : [];
    const content = Buffer.concat([keyId.subarray(0, 4), carried, ...generation]);
    const mac = createHmac('sha256', key).update(`${kind}\0${ISSUER}\0`).update(content).digest();
    return prefixes[kind] + Buffer.concat([content, mac.subarray(0, 16)]).toString('base64url');
  });
}

/** Handles of every kind for the ids of the victim. None may be believed, because an id is a hash of what a handle carries. */
function handlesWith(ring: string): Forgeries {
  const { reference, grant_id, sid } = victim.ids;
  const page = createHash('sha256')
    .update(JSON.stringify([sid, 'logout']))
    .digest();
  const carried: Record<HandleKind, Buffer[]> = {
    reference_token: [bytes(reference)],
    code: [bytes(grant_id)],
    refresh_token: [bytes(grant_id)],
    session: [bytes(sid)],
    page: [page.subarray(0, 18), page.subarray(0, 16)],
  };
  const made = (Object.keys(prefixes) as HandleKind[]).map((kind) =>
    numbered(
      `a ${kind}`,
      carried[kind].flatMap((content) => forgeHandle(kind, ring, content)),
    ),
  );
  return Object.assign({}, ...made) as Forgeries;
}

const digest = (label: string, secret: Buffer) => createHash('sha256').update(label).update(secret).digest();

/** What whoever has a variable can make of it. A variable that is not here is handle keys. */
const makers: Readonly<Record<string, (value: string, holder: Variables) => Forgeries>> = {
  SIGNING_KEYS(value) {
    const key = signingKeyOf({ SIGNING_KEYS: value });
    const jwt = signed(key, 'at+jwt', claimsFor('orders'));
    return {
      'a JWT': jwt,
      'a JWT of an invented grant': signed(key, 'at+jwt', claimsFor('orders', { grant_id: 'invented' })),
      'an ID token': signed(key, 'JWT', idTokenClaims()),
      'a logout token': signed(key, 'logout+jwt', idTokenClaims()),
    };
  },
  VERIFICATION_KEYS(value) {
    const [key] = jwksOf(value);
    return {
      ...numbered('a JWT', unsigned('at+jwt', claimsFor('orders'), key!)),
      ...numbered('an ID token', unsigned('JWT', idTokenClaims(), key!)),
    };
  },
  DECRYPTION_KEYS(value, { VERIFICATION_KEYS = '' }) {
    const [key] = jwksOf(VERIFICATION_KEYS);
    const texts = unsigned('at+jwt', claimsFor('orders'), key!).map((jwt) => encrypted(jwt, jwksOf(value)));
    return numbered('an encrypted JWT', texts);
  },
  SEALING_KEYS(value) {
    const [secret = Buffer.alloc(0)] = value.split(',').map(bytes);
    const seal = (aud: string, more: Json = {}) =>
      sealedWith(ringKeyId(secret), derivedKey(aud, { secret, issuer: ISSUER }), aud, more);
    return {
      'a sealed token for orders': seal('orders'),
      'a sealed token for billing': seal('billing'),
      'a sealed token for userinfo': seal(ISSUER),
      'a sealed token for userinfo of an invented grant': seal(ISSUER, { grant_id: 'invented' }),
    };
  },
  OPENING_KEYS(value) {
    const [id = '', key = ''] = value.split('.');
    const seal = (aud: string) => sealedWith(id, bytes(key), aud);
    return {
      'a sealed token for orders': seal('orders'),
      'a sealed token for billing': seal('billing'),
      'a sealed token for userinfo': seal(ISSUER),
    };
  },
};

const isActive = async (caller: string, token: string) =>
  (await post(handlers.introspection, caller, { token })).json['active'] === true;

const isAllowed = async (authorizer: Handlers['authorizer'], token: string) =>
  (await verdict(authorizer(authorizerEvents['HTTP API 2.0'](token)))) === 'allow';

const browse = async (name: 'authorization' | 'logout', query: string, cookies: string[]) =>
  browserResult(await handlers[name](httpEvent({ method: 'GET', path: `/${name}`, query, cookies })));

/** What the table says of revoked tokens. */
const revoked = async () =>
  JSON.stringify(
    await Promise.all([
      world.table.query('REVOKED#0', ''),
      world.table.get({ pk: `TOKEN#${victim.ids.reference}`, sk: 'TOKEN' }),
    ]),
  );

/** Whether a text is believed, by the place where it is presented. None of them changes anything, unless it believes the text. */
const doors: Readonly<Record<string, (text: string) => Promise<boolean>>> = {
  'the authorizer of orders': (text) => isAllowed(handlers.authorizer, text),
  'the authorizer of billing': (text) => isAllowed(billingAuthorizer, text),
  'introspection by orders': (text) => isActive('orders', text),
  'introspection by billing': (text) => isActive('billing', text),
  'introspection by its client': (text) => isActive('web', text),
  async userinfo(text) {
    const request = httpEvent({ method: 'GET', headers: { authorization: `Bearer ${text}` } });
    return (await handlers.userinfo(request)).statusCode === 200;
  },
  async 'token, as a code'(text) {
    const form = { grant_type: 'authorization_code', code: text, redirect_uri: CALLBACK, code_verifier: VERIFIER };
    return (await post(handlers.token, 'web', form)).status === 200;
  },
  'token, as a refresh token': async (text) =>
    (await post(handlers.token, 'web', { grant_type: 'refresh_token', refresh_token: text })).status === 200,
  async 'authorize, as a session'(text) {
    return 'code' in (await browse('authorization', queryOf(proper({ prompt: 'none' })), [`latchkey=${text}`])).answer;
  },
  async 'authorize, as an ID token'(text) {
    const query = queryOf(proper({ prompt: 'none', id_token_hint: text }));
    return 'code' in (await browse('authorization', query, [victim.cookie])).answer;
  },
  async 'logout, as an ID token'(text) {
    const query = String(new URLSearchParams({ id_token_hint: text, post_logout_redirect_uri: CALLBACK }));
    return (await browse('logout', query, [])).location !== undefined;
  },
  async 'logout, as a page in the browser of the victim'(text) {
    const headers = { origin: ISSUER, 'sec-fetch-site': 'same-origin' };
    const form = { page: 'sign_out', page_token: text, action: 'sign_out' };
    const request = httpEvent({ path: '/logout', headers, cookies: [victim.cookie], form });
    return (await handlers.logout(request)).cookies !== undefined;
  },
  async 'revoke, which ends the token of another API'(text) {
    const before = await revoked();
    await post(handlers.revocation, 'web', { token: text });
    if ((await revoked()) === before) return false;
    const active = await Promise.all(Object.values(victim.tokens).map(({ api, text: token }) => isActive(api, token)));
    return active.includes(false);
  },
};

/** The doors that believe a text. */
async function believedAt(text: string): Promise<string[]> {
  const believed: string[] = [];
  // One after the other, and revocation last.
  for (const [name, open] of Object.entries(doors)) if (await open(text)) believed.push(name);
  return believed;
}

/** What may succeed: what is made of a variable -> the doors that believe it. No handle of an id is: ids are hashes of what handles carry. */
const asIssuer = [
  'the authorizer of orders',
  'introspection by orders',
  'introspection by its client',
  'revoke, which ends the token of another API',
];
const expected: Readonly<Record<string, readonly string[]>> = {
  // Only functions that issue tokens have it.
  'SIGNING_KEYS: a JWT': [...asIssuer, 'userinfo'],
  'SIGNING_KEYS: a JWT of an invented grant': asIssuer,
  'SIGNING_KEYS: an ID token': ['authorize, as an ID token', 'logout, as an ID token'],
  // A sealed token counts at its audience. Its own client may ask about it.
  'OPENING_KEYS: a sealed token for orders': [
    'the authorizer of orders',
    'introspection by orders',
    'introspection by its client',
  ],
  'SEALING_KEYS: a sealed token for orders': [
    'the authorizer of orders',
    'introspection by orders',
    'introspection by its client',
  ],
  'SEALING_KEYS: a sealed token for billing': [
    'the authorizer of billing',
    'introspection by billing',
    'introspection by its client',
    'revoke, which ends the token of another API',
  ],
  // The ring makes tokens for every audience: docs/security.md.
  'SEALING_KEYS: a sealed token for userinfo': ['introspection by its client', 'userinfo'],
  'SEALING_KEYS: a sealed token for userinfo of an invented grant': ['introspection by its client'],
};

it('What can be made of the keys of a function or an API, and of what tokens show, is believed only where the table says', async () => {
  const variables = new Map(
    Object.values(holders).flatMap((holder) =>
      Object.entries(holder).map(([variable, value]) => [variable + value, { variable, value, holder }] as const),
    ),
  );
  const found: Record<string, string[]> = {};
  for (const [turn, { variable, value, holder }] of [...variables.values()].entries()) {
    const make = () => (makers[variable] ?? handlesWith)(value, holder);
    // In the normal run what is believed somewhere, and of the rest a third, in turn.
    const all = Object.keys(make());
    const some = sampled(all, 3, turn);
    for (const what of all.filter((one) => some.includes(one) || `${variable}: ${one}` in expected)) {
      const believed = await believedAt(make()[what] ?? '');
      if (believed.length === 0) continue;
      found[`${variable}: ${what}`] = believed.toSorted();
      victim = await createVictim();
    }
  }
  const held = new Set([...variables.values()].map(({ variable }) => variable));
  const rows = Object.entries(expected)
    .filter(([what]) => held.has(what.split(':')[0] ?? ''))
    .map(([what, names]) => [what, names.toSorted()]);
  expect(found).toEqual(Object.fromEntries(rows));
});

it('The doors that believe none of it believe what they are made for', async () => {
  const browser = openBrowser(handlers.authorization, { issuer: ISSUER });
  const { answer } = await browser.pass(proper({ resource: ['orders'] }));
  const session = browser.cookies[0]?.replace('latchkey=', '') ?? '';
  expect(await doors['authorize, as a session']?.(session)).toBe(true);
  expect(await doors['token, as a refresh token']?.(victim.refresh_token)).toBe(true);
  expect(await doors['token, as a code']?.(answer['code'] ?? '')).toBe(true);
});

it('The forged handles are made as the service makes them: what is missing is only what the victim alone has', async () => {
  const carriedOf = (text: string, end: number) => bytes(text.slice('lk_rt_'.length)).subarray(4, end);
  const session = victim.cookie.replace('latchkey=', '');
  const { REFRESH_TOKEN_KEYS = '' } = holders['token'] ?? {};
  const { SESSION_KEYS = '', PAGE_KEYS = '' } = holders['authorization'] ?? {};
  const carried = carriedOf(victim.refresh_token, -20);
  expect(forgeHandle('refresh_token', REFRESH_TOKEN_KEYS, carried)).toContain(victim.refresh_token);
  expect(forgeHandle('session', SESSION_KEYS, carriedOf(session, -16))).toContain(session);
  const page = createHash('sha256').update(JSON.stringify([carriedOf(session, -16).toString('base64url'), 'logout']));
  const [, token = ''] = forgeHandle('page', PAGE_KEYS, page.digest().subarray(0, 18));
  expect(await doors['logout, as a page in the browser of the victim']?.(token)).toBe(true);
});
