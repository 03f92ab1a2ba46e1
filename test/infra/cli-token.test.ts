import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Explanation } from '../../infra/cli/explain-token.ts';
import { type AccessTokenFormatName, accessTokenFormats as formats } from '../../lib/oauth/access-token.ts';
import { createGrantId } from '../../lib/oauth/grant-id.ts';
import type { HandleKind } from '../../lib/oauth/handle.ts';
import { type FaultyStore, startFaultyStore } from '../support/faulty-store.ts';
import {
  forge,
  forgeIdToken,
  forgingKey,
  forgingVariables,
  type Json,
  properClaims,
  seal,
  segment,
  signingAs,
} from '../support/forge.ts';
import { RING_KEY_ID } from '../support/forge-jwe.ts';
import { handlesOf } from '../support/grants.ts';
import { openList } from '../support/revocation-list.ts';
import { pairs, sampled } from '../support/scale.ts';
import {
  authorizerEvents,
  client,
  getToken,
  type Handlers,
  ISSUER,
  keyVariables,
  MACHINES,
  startWorld,
  type Variables,
  verdict,
  type World,
} from '../support/world.ts';
import { type Cli, createCli, succeeding } from './cli-runner.ts';

/** The key that this deployment signs with. */
const signer = forgingKey('ES256', 'ours');

let world: World;
let store: FaultyStore;
let attempt: Cli;
let latchkey: Cli;

beforeAll(async () => {
  world = await startWorld(forgingVariables([signer]));
  store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
  attempt = createCli({ ...world.env, AWS_ENDPOINT_URL_DYNAMODB: store.endpoint });
  latchkey = succeeding(attempt);
});
afterAll(async () => {
  await store.stop();
  await world.stop();
});
afterEach(() => {
  vi.useRealTimers();
  store.behave();
});

const now = () => Math.floor(Date.now() / 1000);
const revocations = () => openList(world.table).length();
const shown = (token: string, { authorizer }: Handlers = world.handlers) =>
  verdict(authorizer(authorizerEvents['HTTP API 2.0'](token)));

const WRONG_MAC = (kind: string) =>
  `has the prefix of ${kind}, but a wrong MAC: it is forged or mistyped, or another issuer made it`;

/** One that this service would take for its own. */
function handle(kind: HandleKind): string {
  const counts = kind === 'code' || kind === 'refresh_token';
  return handlesOf(world)[kind].mint(counts ? createGrantId('alice') : undefined).text;
}

let count = 0;
async function newToken(format: AccessTokenFormatName, handlers = world.handlers) {
  const id = `holder-${++count}`;
  await world.clients.create(client(id, { access_token_format: format }));
  const token = await getToken(handlers, id);
  return { id, token, claims: await claimsOf(token) };
}

const explain = async (token: string, ...more: string[]) =>
  (await attempt(['token', 'explain', '-', '--json', ...more], { stdin: token })).json<
    Explanation & { claims: Json }
  >();

async function claimsOf(token: string) {
  const { claims, key } = await explain(token);
  return { jti: String(claims['jti']), grant_id: String(claims['grant_id']), sub: String(claims['sub']), key };
}

describe('token revoke', () => {
  type Token = Awaited<ReturnType<typeof newToken>>;
  const ways: [string, (token: Token) => string[], boolean][] = [
    ['the token', ({ token }) => [token], true],
    ['standard input', () => ['-'], true],
    ['its jti', ({ claims }) => ['--', claims.jti], true],
    ['--client', ({ id }) => ['--client', id], true],
    ['--subject', ({ claims }) => ['--subject', claims.sub], true],
    ['--grant', ({ claims }) => ['--grant', claims.grant_id], true],
  ];
  const cases = pairs(formats, ways).map(([format, [name, args]]) => [format, name, args] as const);

  it.each(cases)('revokes a token of the format %s, given by %s, and no other token, once', async (format, _, args) => {
    const ours = await newToken(format);
    const other = await newToken(format);
    expect(await shown(ours.token)).toBe('allow');
    const command = ['token', 'revoke', '--yes', ...args(ours)];
    const { stdout, stderr } = await latchkey(command, { stdin: ours.token });
    expect(stdout + stderr).not.toContain(ours.token);
    expect(await shown(ours.token)).toBe('refuse');
    expect(await shown(other.token)).toBe('allow');

    const entries = await revocations();
    dates(() => now() + 5);
    await latchkey(command, { stdin: ours.token });
    // An entry up to a time does not cover tokens that were issued since.
    const isUpToATime = ['--client', '--subject'].includes(args(ours)[0] ?? '');
    expect(await revocations()).toBe(isUpToATime ? entries + 1 : entries);
    expect(await shown(ours.token)).toBe('refuse');
  });

  it.each(sampled(formats, 3))(
    '--key revokes every token of the format %s made with a key, now or later, and no other token',
    async (format) => {
      const other = await newToken(format);
      const secret = Buffer.alloc(32, ++count).toString('base64url');
      const handlers = world.restart({ ...keyVariables(), HANDLE_KEYS: secret, SEALING_KEYS: secret });
      const id = (await newToken(format)).id;
      const token = await getToken(handlers, id);
      expect(await shown(token, handlers)).toBe('allow');
      const { key = '' } = (
        await attempt(['token', 'explain', '-', '--json'], { stdin: token, env: { VERIFICATION_KEYS: '', ISSUER: '' } })
      ).json<Explanation>();
      await latchkey(['token', 'revoke', '--yes', '--key', key]);
      expect(await shown(token, handlers)).toBe('refuse');
      expect(await shown(await getToken(handlers, id), handlers)).toBe('refuse');
      expect(await shown(other.token)).toBe('allow');
    },
  );

  it('--issuer revokes every token', async () => {
    const variables = { ISSUER: 'https://closing.example' };
    const handlers = world.restart(variables);
    const tokens = await Promise.all(MACHINES.map((id) => getToken(handlers, id)));
    const other = await newToken('jwt');
    await latchkey(['token', 'revoke', '--yes', '--issuer'], { env: variables });
    for (const token of tokens) expect(await shown(token, handlers)).toBe('refuse');
    expect(await shown(other.token)).toBe('allow');
  });

  it('adds nothing for a token that its client has revoked', async () => {
    for (const format of sampled(formats, 3)) {
      const { token, id } = await newToken(format);
      await latchkey(['token', 'revoke', '--yes', '--client', id]);
      const before = await revocations();
      const { json } = await latchkey(['token', 'revoke', token, '--json']);
      expect(json()).toMatchObject({ status: 'was revoked before' });
      expect(await revocations()).toBe(before);
    }
  });

  it('adds nothing for a token that has expired', async () => {
    const before = await revocations();
    const { json } = await latchkey(['token', 'revoke', forge(signer, now() - 4_000), '--json']);
    expect(json()).toMatchObject({ status: 'has expired' });
    expect(await revocations()).toBe(before);
  });

  it('accepts a jti that looks like an option after --', async () => {
    const jti = '-'.padEnd(22, 'a');
    const { json } = await latchkey(['token', 'revoke', '--json', '--', jti]);
    expect(json()).toMatchObject({ id: jti, status: 'revoked' });
    expect((await latchkey(['token', 'revoke', '--', jti])).stdout).toContain('was revoked before');
  });

  it('uses only the jti of a token that it cannot verify', async () => {
    const { token, claims } = await newToken('jwt');
    const [header, payload = '', signature] = token.split('.');
    const lie = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), exp: now() - 1 };
    const env = { VERIFICATION_KEYS: '', ISSUER: '', HANDLE_KEYS: '' };
    const stdin = `${header}.${segment(lie)}.${signature}`;
    const { json } = await latchkey(['token', 'revoke', '-', '--json'], { stdin, env });
    expect(json()).toMatchObject({ id: claims.jti, status: 'revoked' });
    expect(Number(json()['expires_at'])).toBeGreaterThanOrEqual(now() + 86_400);
    expect(await shown(token)).toBe('refuse');
  });

  it('keeps entries for the longest clock skew that may be configured', async () => {
    const env = { ACCESS_TOKEN_MAX_LIFETIME_SECONDS: '3600' };
    const late = () => world.restart({ CLOCK_SKEW_SECONDS: '300' }, () => now() + 3_600 + 200);
    for (const format of sampled(formats, 3)) {
      const { token, id } = await newToken(format);
      expect(await shown(token, late())).toBe('allow');
      await latchkey(format === 'jwt' ? ['token', 'revoke', token] : ['token', 'revoke', '--yes', '--client', id], {
        env,
      });
      expect(await shown(token, late())).toBe('refuse');
    }
  });

  it('lasts longer when it is repeated later, also in running containers', async () => {
    const stolen = forgingKey('ES256', 'stolen');
    let time = now();
    const container = world.restart(forgingVariables([stolen]), () => time);
    expect(await shown(forge(stolen, time), container)).toBe('allow');
    dates(() => time);
    for (let day = 0; day < 2; day++) {
      await latchkey(['token', 'revoke', '--yes', '--key', stolen.kid]);
      expect(await shown(forge(stolen, time), container)).toBe('refuse');
      time += 80_000;
    }
    expect(await shown(forge(stolen, time), container)).toBe('refuse');
  });

  it.each<[string, string[], number, RegExp, Variables?]>([
    ['nothing', [], 2, /revoke what/],
    ['two things', ['--client', 'machine-jwt', '--subject', 'alice'], 2, /revoke what/],
    ['a token and a client', ['a'.repeat(22), '--client', 'machine-jwt'], 2, /revoke what/],
    ['an unknown client', ['--client', 'nope'], 1, /no client nope/],
    ['an empty subject', ['--subject', ''], 2, /1 to 255/],
    ['an issuer that is not configured', ['--issuer'], 1, /ISSUER is not set/, { ISSUER: '' }],
    ['garbage', ['garbage'], 1, /neither an access token nor a jti/],
    ['a JWT of another signer', [forge(forgingKey('ES256', 'other'), now())], 1, /names an unknown key; nothing/],
    ['a JWT without signature', [`${segment({ alg: 'none' })}.${segment({})}.`], 1, /nothing was revoked/],
    [
      'a reference token that is forged',
      [`lk_at_${'A'.repeat(48)}`],
      1,
      /handle key AAAAAA, which is not in HANDLE_KEYS/,
    ],
    [
      'a forged one, without keys',
      [`lk_at_${'A'.repeat(48)}`],
      1,
      /reference token is not in the table/,
      { HANDLE_KEYS: '' },
    ],
    [
      'a lifetime that is no number',
      ['--subject', 'alice'],
      1,
      /ACCESS_TOKEN_MAX/,
      { ACCESS_TOKEN_MAX_LIFETIME_SECONDS: 'x' },
    ],
  ])('refuses %s', async (_, args, code, reason, env = {}) => {
    const before = await revocations();
    const result = await attempt(['token', 'revoke', ...args], { env });
    expect(result).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(reason) });
    expect(await revocations()).toBe(before);
  });
});

describe('token revoke', () => {
  it.each<[HandleKind, RegExp]>([
    [
      'refresh_token',
      /this is a refresh token, not an access token: revoke its grant with latchkey grants revoke [\w-]{35}$/m,
    ],
    [
      'code',
      /this is an authorization code, not an access token: revoke its grant with latchkey grants revoke [\w-]{35}$/m,
    ],
    ['session', /this is a browser session, .+ latchkey user sign-out$/m],
  ])('says how to revoke a %s instead, like grants revoke', async (kind, expected) => {
    const text = handle(kind);
    const { code, stdout, stderr } = await attempt(['token', 'revoke', '-'], { stdin: text });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(expected);
    const other = await attempt(['grants', 'revoke', text]);
    expect(other).toMatchObject({ code: 1, stderr: expect.stringMatching(/not a grant id:/) });
    expect(stderr + other.stderr).not.toContain(text);
  });

  it('does not take a forged refresh token for a real one', async () => {
    const forged = `${handle('refresh_token').slice(0, -8)}AAAAAAAA`;
    const { code, stderr } = await attempt(['token', 'revoke', '-'], { stdin: forged });
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining(WRONG_MAC('a refresh token')) });
  });
});

/** Makes the table answer with another time, or none. */
function dates(time: (() => number) | undefined) {
  store.behave(async (response, forward) => {
    const { status, headers, body } = await forward();
    response.sendDate = false;
    const { date: _, ...others } = headers;
    const date = time && { date: new Date(time() * 1000).toUTCString() };
    response.writeHead(status, { ...others, ...date }).end(body);
  });
}

it.each(['encrypted_jwt', 'sealed'] as const)(
  'token revoke says which keys it needs for a token of the format %s',
  async (format) => {
    const { token, claims } = await newToken(format);
    const env = { DECRYPTION_KEYS: '', SEALING_KEYS: '' };
    const { code, stderr } = await attempt(['token', 'revoke', '-'], { stdin: token, env });
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/is encrypted: set .*give its jti/),
    });
    expect(await shown(token)).toBe('allow');
    await latchkey(['token', 'revoke', '--', claims.jti], { env });
    expect(await shown(token)).toBe('refuse');
  },
);

describe('The time of an entry', () => {
  it('is that of the table, whatever the clock of the machine says', async () => {
    const { token, claims } = await newToken('jwt');
    const truth = now();
    dates(() => truth);
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2001-02-03T04:05:06Z') });
    await latchkey(['token', 'revoke', token]);
    await latchkey(['token', 'revoke', '--yes', '--subject', 'somebody']);
    await latchkey(['client', 'create', 'timely', '--resource', 'orders']);
    vi.useRealTimers();
    const [entry] = await openList(world.table).find('subject', 'somebody');
    expect(entry?.issued_until).toBeGreaterThanOrEqual(truth);
    expect(entry?.issued_until).toBeLessThan(truth + 5);
    expect(await openList(world.table).find('token', claims.jti)).toHaveLength(1);
    expect((await world.clients.find('timely'))?.secrets[0]?.created_at).toBeGreaterThanOrEqual(truth);
  });

  it('is not guessed when the table does not state it: the command fails', async () => {
    const before = await revocations();
    dates(undefined);
    const { code, stderr } = await attempt(['token', 'revoke', '--yes', '--subject', 'alice']);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('has no date') });
    expect(await revocations()).toBe(before);
  });
});

describe('token explain', () => {
  const revoked = async (format: AccessTokenFormatName) => {
    const { token } = await newToken(format);
    await latchkey(['token', 'revoke', token]);
    return token;
  };
  const ofDisabled = async () => {
    const { token, id } = await newToken('reference');
    await latchkey(['client', 'disable', '--yes', id]);
    return token;
  };
  const cut = (token: string) => token.slice(0, -4);
  const unsigned = () =>
    `${segment({ alg: 'none', typ: 'at+jwt', kid: signer.kid })}.${segment(properClaims(now()))}.AA`;

  it.each<[string, () => string | Promise<string>, string, string[], Partial<Explanation>?]>([
    ['a JWT', async () => (await newToken('jwt')).token, 'accepted', [], { format: 'jwt', claims_verified: true }],
    ['a reference token', async () => (await newToken('reference')).token, 'accepted', [], { format: 'reference' }],
    ['a revoked JWT', () => revoked('jwt'), 'refused', ['was revoked']],
    ['a revoked reference token', () => revoked('reference'), 'refused', ['was revoked']],
    ["a disabled client's", ofDisabled, 'refused', ['was revoked']],
    ['an expired JWT', () => forge(signer, now() - 4_000), 'refused', ['has expired'], { claims_verified: true }],
    ['one from the future', () => forge(signer, now() + 500), 'refused', ['has an iat in the future']],
    [
      'one of another issuer',
      () => forge(signer, now(), { iss: 'https://b.example' }),
      'refused',
      ['has the wrong iss'],
    ],
    ['one for others', () => forge(signer, now(), { aud: ['billing'] }), 'refused', ['is for another audience']],
    [
      'one with two faults',
      () => forge(signer, now() - 4_000, { aud: 'billing' }),
      'refused',
      ['has expired', 'is for another audience'],
    ],
    [
      'an ID token',
      () => forgeIdToken(signer, now(), { aud: 'orders' }),
      'refused',
      ['is an ID token', 'has a missing or invalid client_id'],
    ],
    [
      'a logout token',
      () => forge(signer, now(), {}, { typ: 'logout+jwt' }),
      'refused',
      ['is not typed at+jwt or JWT'],
    ],
    [
      'a key that is not ours',
      () => forge(forgingKey('ES256'), now()),
      'refused',
      ['names an unknown key'],
      { claims_verified: false },
    ],
    [
      'a forged signature',
      () => forge(forgingKey('ES256', signer.kid), now()),
      'refused',
      ['has a wrong signature'],
      { claims_verified: false },
    ],
    [
      'another alg',
      () => forge(signingAs(forgingKey('RS256', signer.kid), 'RS256'), now()),
      'refused',
      ["names an algorithm that is not its key's"],
    ],
    ['no alg', unsigned, 'refused', ["names an algorithm that is not its key's"]],
    [
      'one with another member in its header',
      () => forge(signer, now(), {}, { jku: 'x' }),
      'refused',
      ['has an unexpected header member'],
    ],
    [
      'claims that are no JSON',
      () => seal(segment({ alg: 'ES256', typ: 'at+jwt', kid: signer.kid }), segment('no'), signer),
      'refused',
      ['has a payload that is not a JSON object as this service writes it'],
    ],
    [
      'a reference token cut short',
      async () => cut((await newToken('reference')).token),
      'refused',
      ['has the prefix of a reference token, but is cut off or mistyped'],
    ],
    [
      'a reference token of an unknown handle key',
      () => `lk_at_${'A'.repeat(48)}`,
      'refused',
      ['has the prefix of a reference token, but was made with the handle key AAAAAA, which is not in HANDLE_KEYS'],
    ],
    [
      'a forged reference token',
      async () => `${(await newToken('reference')).token.slice(0, -8)}AAAAAAAA`,
      'refused',
      [WRONG_MAC('a reference token')],
    ],
    ['a refresh token', () => handle('refresh_token'), 'refused', ['is a refresh token, which no API accepts']],
    [
      'a forged refresh token',
      () => `${handle('refresh_token').slice(0, -8)}AAAAAAAA`,
      'refused',
      [WRONG_MAC('a refresh token')],
      { kind: 'refresh_token', grant_status: 'not in the table' },
    ],
    ['a code', () => handle('code'), 'refused', ['is an authorization code, which no API accepts']],
    ['a session', () => handle('session'), 'refused', ['is a browser session, from its cookie, which no API accepts']],
    [
      'a value of a form',
      () => handle('page'),
      'refused',
      ['is a page token, from a hidden field of a form, which no API accepts'],
    ],
    ['garbage', () => 'garbage', 'refused', ['is not in the form of an access token']],
    ['nothing', () => '', 'refused', ['is not in the form of an access token']],
    ['a long text', () => 'a.'.repeat(5_000), 'refused', ['is too long']],
    ['dots', () => '..', 'refused', ['is not a JWT with three segments']],
    ['more dots', () => '....', 'refused', ['has a header that is not a JSON object as this service writes it']],
    ['as many dots as nothing has', () => '...', 'refused', ['is not in the form of an access token']],
    [
      'an encrypted JWT',
      async () => (await newToken('encrypted_jwt')).token,
      'accepted',
      [],
      { format: 'encrypted_jwt', key: signer.kid, claims_verified: true },
    ],
    [
      'a sealed token',
      async () => (await newToken('sealed')).token,
      'accepted',
      [],
      { format: 'sealed', key: RING_KEY_ID, claims_verified: true },
    ],
    ['a revoked encrypted JWT', () => revoked('encrypted_jwt'), 'refused', ['was revoked']],
    ['a revoked sealed token', () => revoked('sealed'), 'refused', ['was revoked']],
    [
      'a sealed token with another end',
      async () => `${(await newToken('sealed')).token.slice(0, -22)}${'A'.repeat(22)}`,
      'refused',
      ['cannot be decrypted'],
    ],
    [
      'an encrypted JWT with another end',
      async () => `${(await newToken('encrypted_jwt')).token.slice(0, -22)}${'A'.repeat(22)}`,
      'refused',
      ['cannot be decrypted'],
    ],
    [
      'a secret',
      () => `lk_cs_${'a'.repeat(43)}`,
      'refused',
      ['is a secret of a client or resource server, which no API accepts'],
    ],
  ])('says whether APIs accept it, and why not: %s', async (_, make, expected, reasons, more = {}) => {
    const token = await make();
    const { stdout, stderr, code } = await attempt(['token', 'explain', '-', '--json'], { stdin: `${token}\n` });
    const explanation = JSON.parse(stdout) as Explanation;
    expect(explanation).toMatchObject({ verdict: expected, reasons, not_checked: [], ...more });
    expect(code).toBe(expected === 'accepted' ? 0 : 1);
    const text = await attempt(['token', 'explain', '-'], { stdin: token });
    expect(text.stdout).toContain(expected);
    for (const reason of reasons) expect(text.stdout).toContain(`it ${reason}`);
    const proof = token.split('.').at(-1) ?? '';
    if (proof.length > 20) expect(stdout + stderr + text.stdout + text.stderr).not.toContain(proof);
  });

  it('names the entry by which a token was revoked', async () => {
    const { token, id } = await newToken('jwt');
    await latchkey(['token', 'revoke', '--yes', '--client', id]);
    expect((await explain(token)).revoked_by).toMatchObject([{ kind: 'client', id }]);
  });

  const pasted: [string, (token: string) => string, string][] = [
    ['the scheme', (token) => `Bearer ${token}`, 'begins with "Bearer"'],
    ['a header', (token) => `authorization: bearer ${token}`, 'begins with "authorization: bearer"'],
    ['the end of a sentence', (token) => `${token}.`, 'ends with a dot'],
    ['both', (token) => `Bearer ${token}.`, 'begins with "Bearer" and ends with a dot'],
  ];
  it.each(pasted)('says what to cut off when %s was pasted along', async (name, paste, what) => {
    for (const [format, [added]] of pairs(formats, pasted)) {
      if (added !== name) continue;
      const { token } = await newToken(format);
      const reason = `${what}, which is not part of the token: cut that off`;
      expect(await explain(paste(token))).toMatchObject({ verdict: 'refused', reasons: [reason] });
      expect(await attempt(['token', 'revoke', '-'], { stdin: paste(token) })).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`latchkey: the token ${reason}; nothing was revoked\n`),
      });
    }
  });

  it('prints the claims of a token and its expiry', async () => {
    const { token, id } = await newToken('jwt');
    const expiry = Number((await explain(token)).claims['exp']);
    // The time is that of the table, and stands still.
    vi.useFakeTimers({ toFake: ['performance'] });
    dates(() => expiry - 3_590);
    expect(await explain(token)).toMatchObject({
      claims: { client_id: id, aud: 'orders', iss: ISSUER },
      header: { alg: 'ES256' },
      expires_in: 3_590,
    });
    expect((await latchkey(['token', 'explain', token])).stdout).toMatch(/^expires in +59m 50s$/m);
  });

  it('--audience overrides the configured audience', async () => {
    const { token } = await newToken('jwt');
    expect(await explain(token, '--audience', 'billing')).toMatchObject({ reasons: ['is for another audience'] });
  });

  it('escapes control characters of a forged token', async () => {
    const forged = forge(forgingKey('ES256'), now(), { sub: 'a\u001b[2J\u009b31m\u202e' });
    const { stdout } = await attempt(['token', 'explain', forged]);
    expect(stdout).toContain('a\\u{1b}[2J\\u{9b}31m\\u{202e}');
    expect(stdout).toMatch(/claims \(not verified\)/);
  });

  it('says what it could not check without keys and table', async () => {
    const bare = createCli({});
    const explained = await bare(['token', 'explain', (await newToken('jwt')).token, '--json']);
    expect(explained.code).toBe(3);
    const jwt = explained.json<Explanation>();
    expect(jwt).toMatchObject({ verdict: 'undecided', reasons: [], claims_verified: false, format: 'jwt' });
    expect(jwt.not_checked.join()).toMatch(/signature.*issuer.*revoked/);
    const reference = (await bare(['token', 'explain', (await newToken('reference')).token, '--json'])).json();
    expect(reference).toMatchObject({ verdict: 'undecided', reasons: [], format: 'reference' });
    expect(String(reference['not_checked'])).toMatch(/minted.*table/);
    for (const [format, missing] of [
      ['encrypted_jwt', 'set DECRYPTION_KEYS'],
      ['sealed', 'set ISSUER and SEALING_KEYS'],
    ] as const) {
      const encrypted = (await bare(['token', 'explain', (await newToken(format)).token, '--json'])).json();
      expect(encrypted).toMatchObject({ verdict: 'undecided', reasons: [], claims_verified: false, format });
      expect(String(encrypted['not_checked'])).toContain(missing);
    }
    expect((await bare(['token', 'explain', 'x.y.z', '--json'])).json()).toMatchObject({ verdict: 'undecided' });
  });
});
