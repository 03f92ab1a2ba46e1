import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accessTokenFormats } from '../../lib/oauth/access-token.ts';
import type { Client } from '../../lib/oauth/client.ts';
import { consentEpochId, subjectTag } from '../../lib/oauth/grant-id.ts';
import { revocationTransition } from '../../lib/oauth/grant-state.ts';
import { createEpochStore } from '../../lib/store/epoch.ts';
import { createGrantStore } from '../../lib/store/grant.ts';
import { introspectionDoor } from '../support/doors.ts';
import {
  app,
  type CodeOptions,
  handlesOf,
  newCode,
  payloadOf,
  redeem,
  refresh,
  SUBJECT,
  type Tokens,
  tokensOf,
} from '../support/grants.ts';
import { sampled, scaled } from '../support/scale.ts';
import {
  authorizerEvents,
  basic,
  createTestClock,
  httpEvent,
  ISSUER,
  keyVariables,
  post,
  readResult,
  resourceServer,
  startWorld,
  verdict,
  type World,
} from '../support/world.ts';

const { clock, set, advance } = createTestClock();
const NOW = clock();
const DAY = 86_400;

let world: World;

beforeAll(async () => {
  world = await startWorld({}, clock);
  const { clients, resourceServers } = world;
  await Promise.all([
    ...accessTokenFormats.map((format) => clients.create(app(`web-${format}`, { access_token_format: format }))),
    clients.create(app('web')),
    clients.create(app('other')),
    clients.create(app('spa', { token_endpoint_auth_method: 'none', secrets: [] })),
    clients.create(app('strict', { refresh_reuse_interval: 0 })),
    clients.create(app('patient', { refresh_reuse_interval: 60 })),
    clients.create(app('short', { refresh_token_lifetime: 100, refresh_token_idle_lifetime: 50 })),
    clients.create(app('sign-in-only', { resources: [], scope: 'openid profile offline_access' })),
    resourceServers.create(resourceServer('stock', { scope: 'count' })),
  ]);
});
beforeEach(() => set(NOW));
afterAll(() => world.stop());

const stored = async (grant_id: string) => (await createGrantStore(world.table).find(grant_id))!;
const authorize = (token: string) => verdict(world.handlers.authorizer(authorizerEvents['HTTP API 2.0'](token)));
const REFUSED = { status: 400, json: { error: 'invalid_grant' } };

async function signIn(id = 'web', options: CodeOptions = {}): Promise<Tokens & { grant_id: string; secret: string }> {
  const { code, ...grant } = await newCode(world, id, { clock, ...options });
  return { ...tokensOf(await redeem(world.handlers, id, code)), ...grant };
}

/** Changes a record, which no container remembers in these tests. */
async function change(id: string, more: Partial<Client>) {
  const { value, version } = (await world.clients.findVersion(id))!;
  expect(await world.clients.replace({ ...value, ...more }, version)).toBe(true);
}

async function changeResource(id: string, more: object) {
  const { value, version } = (await world.resourceServers.findVersion(id))!;
  expect(await world.resourceServers.replace({ ...value, ...more }, version)).toBe(true);
}

/** A client of its own, for a test that changes it. */
let count = 0;
async function ownClient(more: Partial<Client> = {}): Promise<string> {
  const id = `own-${++count}`;
  await world.clients.create(app(id, more));
  return id;
}

describe('A refresh', () => {
  it('gives a new access token, the next refresh token and a new ID token', async () => {
    const first = await signIn();
    advance(20);
    const second = await refresh(world.handlers, 'web', first.refresh_token);
    expect(second).toMatchObject({
      status: 200,
      headers: { 'cache-control': 'no-store' },
      json: { token_type: 'Bearer', expires_in: 3600, scope: first.scope },
    });
    const { access_token, refresh_token } = tokensOf(second);
    expect(refresh_token).not.toBe(first.refresh_token);
    expect(payloadOf(access_token)).toMatchObject({ sub: SUBJECT, grant_id: first.grant_id, iat: NOW + 20 });
    expect(await authorize(first.access_token)).toBe('allow');
    expect(await authorize(access_token)).toBe('allow');
  });

  it('works for many generations', async () => {
    let { refresh_token, grant_id } = await signIn();
    for (let generation = 1; generation <= scaled(5, 20); generation++) {
      advance(60);
      refresh_token = tokensOf(await refresh(world.handlers, 'web', refresh_token)).refresh_token;
      expect(await stored(grant_id)).toMatchObject({ state: 'active', generation, rotated_at: clock() });
    }
  });

  it.each(accessTokenFormats)('gives a valid access token of the format %s', async (format) => {
    const { refresh_token } = await signIn(`web-${format}`);
    const { access_token } = tokensOf(await refresh(world.handlers, `web-${format}`, refresh_token));
    expect(await authorize(access_token)).toBe('allow');
    expect(await introspectionDoor.show(world.handlers, access_token)).toBe('allow');
  });

  it('works for a public client', async () => {
    const { refresh_token } = tokensOf(
      readResult(
        await world.handlers.token(
          httpEvent({
            form: {
              client_id: 'spa',
              grant_type: 'refresh_token',
              refresh_token: handlesOf(world).refresh_token.mint({ secret: await activeGrant('spa') }).text,
            },
          }),
        ),
      ),
    );
    expect(handlesOf(world).refresh_token.parse(refresh_token)).toMatchObject({ generation: 1 });
  });

  async function activeGrant(id: string): Promise<string> {
    const { code, secret } = await newCode(world, id, { clock });
    const form = {
      client_id: id,
      grant_type: 'authorization_code',
      code,
      redirect_uri: 'https://app.example/callback',
      code_verifier: 'v'.repeat(43),
    };
    expect(readResult(await world.handlers.token(httpEvent({ form }))).status).toBe(200);
    return secret;
  }

  it('by a client without resource servers gives an access token for the issuer', async () => {
    const options = { scope: 'openid offline_access', resources: [ISSUER] };
    const { refresh_token } = await signIn('sign-in-only', options);
    const { access_token } = tokensOf(await refresh(world.handlers, 'sign-in-only', refresh_token));
    expect(payloadOf(access_token)).toMatchObject({ aud: ISSUER, scope: 'openid offline_access' });
  });
});

describe('A refresh that requests less than was granted', () => {
  it.each<[string, object, object]>([
    ['one scope', { scope: 'read' }, { scope: 'read', aud: ['orders', 'billing'] }],
    ['one resource', { resource: 'billing' }, { scope: 'openid offline_access read write', aud: 'billing' }],
    ['both', { scope: 'write', resource: ['orders'] }, { scope: 'write', aud: 'orders' }],
    ['a scope twice', { scope: 'read read' }, { scope: 'read' }],
    ['a resource twice', { resource: ['orders', 'orders'] }, { aud: 'orders' }],
    ['empty parameters, which count as absent', { scope: '', resource: '' }, { aud: ['orders', 'billing'] }],
  ])('gets %s, and everything the next time', async (_name, more, claims) => {
    const { refresh_token } = await signIn('web', { resources: ['orders', 'billing'] });
    const narrow = tokensOf(await refresh(world.handlers, 'web', refresh_token, more));
    expect(payloadOf(narrow.access_token)).toMatchObject(claims);
    const wide = tokensOf(await refresh(world.handlers, 'web', narrow.refresh_token));
    expect(payloadOf(wide.access_token)).toMatchObject({
      scope: 'openid offline_access read write',
      aud: ['orders', 'billing'],
    });
  });

  it.each([
    ['a scope that nobody knows', 'openid read unknown', 'openid read'],
    ['spaces too many', ' openid  read ', 'openid read'],
    ['nothing but a space', ' ', 'openid offline_access read write'],
  ])('gives what is left without %s, which a client may send again', async (_name, scope, given) => {
    const { refresh_token } = await signIn();
    expect(tokensOf(await refresh(world.handlers, 'web', refresh_token, { scope })).scope).toBe(given);
  });

  it('gives no ID token without openid, but a refresh token even without offline_access', async () => {
    const { refresh_token } = await signIn();
    const { json } = await refresh(world.handlers, 'web', refresh_token, { scope: 'read' });
    expect(json).not.toHaveProperty('id_token');
    expect(json).toHaveProperty('refresh_token');
  });
});

describe('A refused refresh, after which the refresh token still works:', () => {
  const many = (length: number) => Array.from({ length }, (_, index) => `s${index}`);
  it.each<[string, object, string]>([
    ['a scope that was not granted, though the client may have it', { scope: 'read email' }, 'invalid_scope'],
    ['a scope that nobody knows', { scope: 'x' }, 'invalid_scope'],
    ['a malformed scope', { scope: 'read "' }, 'invalid_scope'],
    ['64 scopes', { scope: many(64).join(' ') }, 'invalid_scope'],
    ['5,000 scopes', { scope: many(5_000).join(' ') }, 'invalid_scope'],
    ['a resource that was not granted, though the client may have it', { resource: 'billing' }, 'invalid_target'],
    ['a resource that nobody knows', { resource: 'x' }, 'invalid_target'],
    ['no refresh token', { refresh_token: '' }, 'invalid_request'],
    ['nonsense', { refresh_token: 'nonsense' }, 'invalid_grant'],
  ])('%s', async (_name, more, error) => {
    const { refresh_token, grant_id } = await signIn();
    const before = await stored(grant_id);
    expect(await refresh(world.handlers, 'web', refresh_token, more)).toMatchObject({ status: 400, json: { error } });
    expect(await stored(grant_id)).toEqual(before);
    expect(await refresh(world.handlers, 'web', refresh_token)).toMatchObject({ status: 200 });
  });

  it.each([
    [64, 'invalid_target'],
    [65, 'invalid_scope'],
  ])('%i scopes of its own and 60 resources', async (count, error) => {
    const scope = many(count).join(' ');
    await world.clients.create(app(`broad-${count}`, { scope: `openid offline_access ${scope}` }));
    const { code } = await newCode(world, `broad-${count}`, { clock });
    const { refresh_token } = tokensOf(await redeem(world.handlers, `broad-${count}`, code));
    const ask = (more: object) => refresh(world.handlers, `broad-${count}`, refresh_token, more);
    expect((await ask({ scope, resource: many(60) })).json).toMatchObject({ error });
    expect((await ask({})).status).toBe(200);
  });

  it.each<[string, (token: string) => Promise<unknown>, object]>([
    ['another client', (token) => refresh(world.handlers, 'other', token), REFUSED],
    [
      'a public client',
      async (refresh_token) =>
        readResult(
          await world.handlers.token(
            httpEvent({ form: { grant_type: 'refresh_token', refresh_token, client_id: 'spa' } }),
          ),
        ),
      REFUSED,
    ],
    [
      'a wrong secret',
      async (refresh_token) =>
        readResult(
          await world.handlers.token(
            httpEvent({
              headers: { authorization: basic('web', 'wrong') },
              form: { grant_type: 'refresh_token', refresh_token },
            }),
          ),
        ),
      { status: 401, json: { error: 'invalid_client' } },
    ],
    [
      'a generation that is still to come',
      (token) => {
        const { secret } = handlesOf(world).refresh_token.parse(token)!;
        return refresh(world.handlers, 'web', handlesOf(world).refresh_token.mint({ secret, generation: 7 }).text);
      },
      REFUSED,
    ],
  ])('%s', async (_name, attempt, refusal) => {
    const { refresh_token, grant_id } = await signIn();
    const before = await stored(grant_id);
    expect(await attempt(refresh_token)).toMatchObject(refusal);
    expect(await stored(grant_id)).toEqual(before);
    expect(await refresh(world.handlers, 'web', refresh_token)).toMatchObject({ status: 200 });
  });

  it.each([
    ['before there was a redemption', async () => (await newCode(world, 'web', { clock })).secret],
    ['without offline_access', async () => (await signIn('web', { scope: 'openid read' })).secret],
  ])('a refresh token that was never issued: %s', async (_name, begin) => {
    const { text } = handlesOf(world).refresh_token.mint({ secret: await begin() });
    expect(await refresh(world.handlers, 'web', text)).toMatchObject(REFUSED);
  });
});

describe('A refresh token that is presented again', () => {
  it.each([
    ['web', 0],
    ['web', 9],
    ['patient', 59],
  ])('by %s, %i seconds later, gives the same successor', async (id, seconds) => {
    const { refresh_token, grant_id } = await signIn(id);
    const first = tokensOf(await refresh(world.handlers, id, refresh_token));
    advance(seconds);
    const second = tokensOf(await refresh(world.handlers, id, refresh_token));
    expect(second.refresh_token).toBe(first.refresh_token);
    expect(second.access_token).not.toBe(first.access_token);
    expect(await authorize(second.access_token)).toBe('allow');
    expect(await stored(grant_id)).toMatchObject({ generation: 1, rotated_at: NOW });
    expect(await refresh(world.handlers, id, first.refresh_token)).toMatchObject({ status: 200 });
  });

  it('may request less than the first time, but not more than was granted', async () => {
    const { refresh_token } = await signIn();
    await refresh(world.handlers, 'web', refresh_token);
    const retry = await refresh(world.handlers, 'web', refresh_token, { scope: 'read' });
    expect(retry).toMatchObject({ status: 200, json: { scope: 'read' } });
    expect(await refresh(world.handlers, 'web', refresh_token, { scope: 'email' })).toMatchObject({
      status: 400,
      json: { error: 'invalid_scope' },
    });
  });

  describe.each(sampled(accessTokenFormats, 3))(
    'after the reuse interval, with access tokens of the format %s,',
    (format) => {
      const id = `web-${format}`;

      const turn = accessTokenFormats.indexOf(format);

      it.each(sampled([10, 600], 2, turn))('%i seconds later, revokes the grant', async (seconds) => {
        const first = await signIn(id);
        const second = tokensOf(await refresh(world.handlers, id, first.refresh_token));
        advance(seconds);
        expect(await authorize(second.access_token)).toBe('allow');
        expect(await refresh(world.handlers, id, first.refresh_token)).toMatchObject(REFUSED);
        for (const { access_token, refresh_token } of [first, second]) {
          expect(await authorize(access_token)).toBe('refuse');
          expect(await refresh(world.handlers, id, refresh_token)).toMatchObject(REFUSED);
        }
        expect(await stored(first.grant_id)).toMatchObject({ state: 'revoked', revoked_at: clock() });
      });

      it('two generations later, revokes the grant at once', async () => {
        const first = await signIn(id);
        const second = tokensOf(await refresh(world.handlers, id, first.refresh_token));
        const third = tokensOf(await refresh(world.handlers, id, second.refresh_token));
        expect(await refresh(world.handlers, id, first.refresh_token)).toMatchObject(REFUSED);
        expect(await authorize(third.access_token)).toBe('refuse');
        expect(await refresh(world.handlers, id, third.refresh_token)).toMatchObject(REFUSED);
      });
    },
  );

  it('by a client with a reuse interval of 0, revokes the grant at once', async () => {
    const { refresh_token } = await signIn('strict');
    const next = tokensOf(await refresh(world.handlers, 'strict', refresh_token));
    expect(await refresh(world.handlers, 'strict', refresh_token)).toMatchObject(REFUSED);
    expect(await refresh(world.handlers, 'strict', next.refresh_token)).toMatchObject(REFUSED);
  });

  it('by a client with a reuse interval of 0, at a container whose clock is behind, revokes the grant', async () => {
    const { refresh_token } = await signIn('strict');
    const next = tokensOf(await refresh(world.handlers, 'strict', refresh_token));
    advance(-1);
    expect(await refresh(world.handlers, 'strict', refresh_token)).toMatchObject(REFUSED);
    expect(await refresh(world.handlers, 'strict', next.refresh_token)).toMatchObject(REFUSED);
  });

  it('with REFRESH_REUSE_INTERVAL_SECONDS=0, revokes the grant at once', async () => {
    const handlers = world.restart({ REFRESH_REUSE_INTERVAL_SECONDS: '0' });
    const { refresh_token } = await signIn();
    const next = tokensOf(await refresh(handlers, 'web', refresh_token));
    expect(await refresh(handlers, 'web', refresh_token)).toMatchObject(REFUSED);
    expect(await refresh(handlers, 'web', next.refresh_token)).toMatchObject(REFUSED);
  });

  it('by another client, revokes nothing', async () => {
    const { refresh_token } = await signIn();
    const next = tokensOf(await refresh(world.handlers, 'web', refresh_token));
    advance(600);
    expect(await refresh(world.handlers, 'other', refresh_token)).toMatchObject(REFUSED);
    expect(await refresh(world.handlers, 'web', next.refresh_token)).toMatchObject({ status: 200 });
  });
});

describe('The lifetime of refresh tokens is', () => {
  it.each([
    ['the idle one of the service', 'web', [7 * DAY - 1], [14 * DAY - 1]],
    [
      'the absolute one of the service',
      'web',
      [6, 12, 18, 24].map((day) => day * DAY).concat(30 * DAY - 1),
      [30 * DAY],
    ],
    ['the idle one of the client', 'short', [49], [99]],
    ['the absolute one of the client', 'short', [40, 80, 99], [100]],
  ])('%s', async (_name, id, uses, [late = 0]) => {
    let { refresh_token, grant_id } = await signIn(id);
    for (const seconds of uses) {
      set(NOW + seconds);
      refresh_token = tokensOf(await refresh(world.handlers, id, refresh_token)).refresh_token;
    }
    set(NOW + late);
    const before = await stored(grant_id);
    expect(await refresh(world.handlers, id, refresh_token)).toMatchObject(REFUSED);
    expect(await stored(grant_id)).toEqual(before);
  });
});

describe('After a change since the grant was given,', () => {
  it('a scope that the client lost is left out, and returns when the client gets it back', async () => {
    const id = await ownClient();
    const { refresh_token } = await signIn(id);
    await change(id, { scope: 'openid offline_access read' });
    const narrow = tokensOf(await refresh(world.handlers, id, refresh_token));
    expect(narrow.scope).toBe('openid offline_access read');
    await change(id, { scope: 'openid offline_access read write' });
    expect(tokensOf(await refresh(world.handlers, id, narrow.refresh_token)).scope).toContain('write');
  });

  it.each<[string, Partial<Client>, object, string]>([
    [
      'the only scope that is asked for was withdrawn',
      { scope: 'openid offline_access read' },
      { scope: 'write' },
      'invalid_scope',
    ],
    ['every scope was withdrawn', { scope: '' }, {}, 'invalid_scope'],
    ['the resource server was taken from the client', { resources: ['billing'] }, {}, 'invalid_target'],
    ['the one that is named was taken', { resources: ['billing'] }, { resource: 'orders' }, 'invalid_target'],
    ['the grant type was taken from the client', { grant_types: ['authorization_code'] }, {}, 'unauthorized_client'],
  ])('a refresh is refused until the change is undone: %s', async (_name, more, form, error) => {
    const id = await ownClient();
    const { refresh_token, grant_id } = await signIn(id);
    await change(id, more);
    expect(await refresh(world.handlers, id, refresh_token, form)).toMatchObject({ status: 400, json: { error } });
    expect(await stored(grant_id)).toMatchObject({ generation: 0 });
    await change(id, app(id));
    expect(await refresh(world.handlers, id, refresh_token, form)).toMatchObject({ status: 200 });
  });

  it('a disabled resource server is left out of several, and refused when it is the only one or requested', async () => {
    const id = await ownClient({ resources: ['orders', 'stock'], scope: 'openid offline_access read count' });
    const both = await signIn(id, { resources: ['orders', 'stock'], scope: 'openid offline_access read count' });
    const alone = await signIn(id, { resources: ['stock'], scope: 'offline_access count' });
    await changeResource('stock', { enabled: false });
    const invalidTarget = { status: 400, json: { error: 'invalid_target' } };
    expect(await refresh(world.handlers, id, both.refresh_token, { resource: 'stock' })).toMatchObject(invalidTarget);
    const named = await refresh(world.handlers, id, both.refresh_token, { resource: ['orders', 'stock'] });
    expect(named).toMatchObject(invalidTarget);
    const left = tokensOf(await refresh(world.handlers, id, both.refresh_token));
    expect(payloadOf(left.access_token)).toMatchObject({ aud: 'orders', scope: 'openid offline_access read' });
    expect(await refresh(world.handlers, id, alone.refresh_token)).toMatchObject(invalidTarget);
    await changeResource('stock', { enabled: true });
    expect(await refresh(world.handlers, id, alone.refresh_token)).toMatchObject({ status: 200 });
  });

  it('a disabled client gets invalid_client', async () => {
    const id = await ownClient();
    const { refresh_token } = await signIn(id);
    await change(id, { enabled: false });
    expect(await refresh(world.handlers, id, refresh_token)).toMatchObject({
      status: 401,
      json: { error: 'invalid_client' },
    });
  });

  it('a revocation of the grant that was interrupted is completed', async () => {
    const { grant_id, access_token, refresh_token } = await signIn();
    await createGrantStore(world.table).change(grant_id, revocationTransition('half', NOW));
    expect(await refresh(world.handlers, 'web', refresh_token)).toMatchObject(REFUSED);
    expect(await verdict(world.handlers.authorizer(authorizerEvents['HTTP API 2.0'](access_token)))).toBe('refuse');
  });

  it.each(['client', 'subject', 'consent', 'issuer'] as const)(
    'an epoch of the %s ends the grants given until then',
    async (kind) => {
      const id = await ownClient();
      const sub = `subject-${count}`;
      const issuer = kind === 'issuer' ? { ISSUER: `https://${count}.example` } : {};
      const handlers = world.restart(issuer);
      const begin = async () => newCode({ ...world, env: { ...world.env, ...issuer } }, id, { clock, sub });
      const [waiting, used] = [await begin(), await begin()];
      const { refresh_token } = tokensOf(await redeem(handlers, id, used.code));
      const retried = tokensOf(await refresh(handlers, id, refresh_token));

      advance(10);
      const later = await begin();
      const tag = subjectTag(sub);
      const names = { client: id, subject: tag, consent: consentEpochId(tag, id), issuer: issuer.ISSUER ?? ISSUER };
      await createEpochStore(world.table).put(kind, names[kind], NOW + 4);
      expect(await redeem(handlers, id, waiting.code)).toMatchObject(REFUSED);
      expect(await refresh(handlers, id, refresh_token)).toMatchObject(REFUSED);
      expect(await refresh(handlers, id, retried.refresh_token)).toMatchObject(REFUSED);
      // A grant from a session that began before the epoch is revoked, too. Clients have no session, and this grant came from no consent.
      const late = await newCode({ ...world, env: { ...world.env, ...issuer } }, id, {
        clock,
        sub,
        auth_time: NOW + 4,
      });
      expect(await redeem(handlers, id, late.code)).toMatchObject(
        kind === 'client' || kind === 'consent' ? { status: 200 } : REFUSED,
      );
      const { refresh_token: fresh } = tokensOf(await redeem(handlers, id, later.code));
      expect(await refresh(handlers, id, fresh)).toMatchObject({ status: 200 });
      // Grants of others stay valid, and an epoch never moves back.
      expect(await refresh(world.handlers, 'web', (await signIn()).refresh_token)).toMatchObject({ status: 200 });
      await createEpochStore(world.table).put(kind, names[kind], NOW - 100);
      expect(await refresh(handlers, id, retried.refresh_token)).toMatchObject(REFUSED);
    },
  );

  it('new tokens are signed with the new signing key', async () => {
    const { refresh_token, access_token } = await signIn();
    const rotated = keyVariables();
    const published = [world.env, rotated].flatMap(({ VERIFICATION_KEYS }) => JSON.parse(VERIFICATION_KEYS!).keys);
    const handlers = world.restart({ ...rotated, VERIFICATION_KEYS: JSON.stringify({ keys: published }) });
    const next = tokensOf(await refresh(handlers, 'web', refresh_token));
    const kid = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[0]!, 'base64url').toString()).kid as string;
    expect(kid(next.access_token)).not.toBe(kid(access_token));
    expect(kid(next.id_token)).toBe(kid(next.access_token));
    for (const token of [access_token, next.access_token]) {
      expect(await verdict(handlers.authorizer(authorizerEvents['HTTP API 2.0'](token)))).toBe('allow');
    }
  });

  it('new refresh tokens are made with the new handle key, and old ones are still accepted', async () => {
    const { refresh_token } = await signIn();
    const HANDLE_KEYS = `${Buffer.alloc(32, 9).toString('base64url')},${world.env['HANDLE_KEYS']}`;
    const handlers = world.restart({ HANDLE_KEYS });
    const next = tokensOf(await refresh(handlers, 'web', refresh_token));
    expect(await refresh(world.handlers, 'web', next.refresh_token)).toMatchObject(REFUSED);
    expect(await refresh(handlers, 'web', next.refresh_token)).toMatchObject({ status: 200 });
  });

  // From and to each format: tokens/format-changes.test.ts.
  it.each(sampled(accessTokenFormats, 2, 1))('access tokens have the new format %s', async (format) => {
    const id = await ownClient();
    const { refresh_token, access_token } = await signIn(id);
    await change(id, { access_token_format: format });
    const next = tokensOf(await refresh(world.handlers, id, refresh_token));
    for (const token of [access_token, next.access_token]) expect(await authorize(token)).toBe('allow');
    expect(await post(world.handlers.revocation, id, { token: next.refresh_token })).toMatchObject({ status: 200 });
    for (const token of [access_token, next.access_token]) expect(await authorize(token)).toBe('refuse');
  });
});

// RFC 7662 section 2.1
describe('A refresh token at the introspection endpoint', () => {
  const ask = (token: string, id = 'web') =>
    post(world.handlers.introspection, id, { token }).then(({ status, json }) => ({ status, json }));
  const INACTIVE = { status: 200, json: { active: false } };

  it('is active for its client, until it could not be used any more', async () => {
    const { refresh_token, scope } = await signIn('short');
    const active = { active: true, token_use: 'refresh_token', scope };
    expect(await ask(refresh_token, 'short')).toEqual({ status: 200, json: { ...active, exp: NOW + 50 } });
    set(NOW + 40);
    const second = tokensOf(await refresh(world.handlers, 'short', refresh_token)).refresh_token;
    set(NOW + 80);
    const third = tokensOf(await refresh(world.handlers, 'short', second)).refresh_token;
    expect(await ask(third, 'short')).toEqual({ status: 200, json: { ...active, exp: NOW + 100 } });
    set(NOW + 100);
    expect(await ask(third, 'short')).toEqual(INACTIVE);
  });

  it.each<[string, (token: string, grant_id: string) => Promise<[token: string, id: string]>]>([
    ['another client', async (token) => [token, 'other']],
    ['its API', async (token) => [token, 'orders']],
    [
      'its client with a letter changed',
      async (token) => [token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A'), 'web'],
    ],
    [
      'its client after a refresh',
      async (token) => {
        await refresh(world.handlers, 'web', token);
        return [token, 'web'];
      },
    ],
    [
      'its client after the revocation of the grant',
      async (token) => {
        await post(world.handlers.revocation, 'web', { token });
        return [token, 'web'];
      },
    ],
    [
      'its client after all grants of the subject were ended',
      async (token) => {
        set(NOW + 5);
        await createEpochStore(world.table).put('subject', subjectTag('introspected'), NOW + 5);
        return [token, 'web'];
      },
    ],
  ])('is inactive for %s', async (_name, change) => {
    const { refresh_token, grant_id } = await signIn('web', { sub: 'introspected', auth_time: NOW });
    const [token, id] = await change(refresh_token, grant_id);
    expect(await ask(token, id)).toEqual(INACTIVE);
  });

  it('is inactive for a client that may not refresh any more', async () => {
    await world.clients.create(app('changing'));
    const { refresh_token } = await signIn('changing');
    expect(await ask(refresh_token, 'changing')).toMatchObject({ json: { active: true } });
    await change('changing', { grant_types: ['authorization_code'] });
    expect(await ask(refresh_token, 'changing')).toEqual(INACTIVE);
  });
});
