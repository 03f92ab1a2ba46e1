import { createHash } from 'node:crypto';
import { compactVerify, importJWK, type JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compose as composeAuthorization } from '../../functions/authorization.ts';
import type { AlgorithmName } from '../../lib/keys/algorithm.ts';
import type { Grant } from '../../lib/oauth/grant.ts';
import { createUserStore } from '../../lib/store/user.ts';
import { issueIdToken, MAX_ID_TOKEN_LENGTH } from '../../lib/tokens/id-token.ts';
import { createUser } from '../../lib/users/create-user.ts';
import { createFoundationWithTable } from '../../lib/wiring/foundation.ts';
import { app, type CodeOptions, newCode, payloadOf, redeem, refresh, tokensOf } from '../support/grants.ts';
import { createTestClock, httpEvent, ISSUER, keyVariables, startWorld, type World } from '../support/world.ts';

const { clock } = createTestClock();
const NOW = clock();

/** The digest of each algorithm. OpenID Connect Core section 3.1.3.6 */
const digests = {
  RS256: 'sha256',
  PS384: 'sha384',
  ES256: 'sha256',
  ES384: 'sha384',
  RS512: 'sha512',
  EdDSA: 'sha512',
} as const satisfies Partial<Record<AlgorithmName, string>>;

const algs = Object.keys(digests) as (keyof typeof digests)[];

let world: World;
let published: JWK[];

beforeAll(async () => {
  const sets = algs.map((alg) => keyVariables(alg));
  const join = (name: 'SIGNING_KEYS' | 'VERIFICATION_KEYS') =>
    sets.flatMap((set) => JSON.parse(set[name]).keys as JWK[]);
  world = await startWorld(
    {
      SIGNING_KEYS: JSON.stringify({ keys: join('SIGNING_KEYS') }),
      VERIFICATION_KEYS: JSON.stringify({ keys: join('VERIFICATION_KEYS') }),
    },
    clock,
  );
  published = JSON.parse(
    (await world.handlers.jwks({ version: '2.0', requestContext: { http: { method: 'GET' } } } as never)).body,
  ).keys;
  await Promise.all([
    world.clients.create(app('web')),
    ...algs.map((alg) => world.clients.create(app(`web-${alg}`, { id_token_signed_response_alg: alg }))),
  ]);
});
afterAll(() => world.stop());

const half = (text: string, digest: string) => {
  const hash = createHash(digest).update(text).digest();
  return hash.subarray(0, hash.length / 2).toString('base64url');
};

async function signIn(id = 'web', options: CodeOptions = {}) {
  const { code } = await newCode(world, id, { clock, ...options });
  return tokensOf(await redeem(world.handlers, id, code));
}

async function verify(jwt: string) {
  const { kid, alg } = JSON.parse(Buffer.from(jwt.split('.')[0]!, 'base64url').toString()) as {
    kid: string;
    alg: string;
  };
  const jwk = published.find((key) => key.kid === kid)!;
  const { protectedHeader } = await compactVerify(jwt, await importJWK(jwk, alg));
  return protectedHeader;
}

describe('An ID token', () => {
  it('has the claims of OpenID Connect Core section 2 and no others', async () => {
    const { id_token, access_token } = await signIn('web', { nonce: 'n-1', sid: 's-1', amr: ['pwd', 'otp'] });
    expect(payloadOf(id_token)).toEqual({
      iss: ISSUER,
      sub: 'alice',
      aud: 'web',
      azp: 'web',
      iat: NOW,
      exp: NOW + 3600,
      auth_time: NOW - 5,
      acr: 'urn:latchkey:acr:password',
      amr: ['pwd', 'otp'],
      sid: 's-1',
      nonce: 'n-1',
      at_hash: half(access_token, 'sha256'),
    });
  });

  it('has no nonce and no sid if the grant has none', async () => {
    const claims = payloadOf((await signIn()).id_token);
    for (const name of ['nonce', 'sid', 'c_hash']) expect(claims).not.toHaveProperty(name);
  });

  it('has the lifetime ID_TOKEN_LIFETIME_SECONDS', async () => {
    const handlers = world.restart({ ID_TOKEN_LIFETIME_SECONDS: '77' });
    const { code } = await newCode(world, 'web', { clock });
    expect(payloadOf(tokensOf(await redeem(handlers, 'web', code)).id_token)).toMatchObject({ exp: NOW + 77 });
  });

  it.each(algs)(
    'of a client with the algorithm %s is signed with it, and has hashes of the right length',
    async (alg) => {
      const { id_token, access_token } = await signIn(`web-${alg}`);
      expect(await verify(id_token)).toEqual({ alg, typ: 'JWT', kid: expect.any(String) });
      expect(payloadOf(id_token)).toMatchObject({ at_hash: half(access_token, digests[alg]) });
    },
  );

  it('is signed with the first key unless the client has another algorithm', async () => {
    expect(await verify((await signIn()).id_token)).toMatchObject({ alg: algs[0], kid: published[0]!.kid });
  });

  it('for an algorithm without a key causes a fault, and the code stays valid', async () => {
    await world.clients.create(app('misfit', { id_token_signed_response_alg: 'ES512' }));
    const { code } = await newCode(world, 'misfit', { clock });
    expect(await redeem(world.handlers, 'misfit', code)).toMatchObject({
      status: 503,
      json: { error: 'server_error' },
    });
    const { value, version } = (await world.clients.findVersion('misfit'))!;
    await world.clients.replace({ ...value, id_token_signed_response_alg: 'ES256' }, version);
    expect(await redeem(world.handlers, 'misfit', code)).toMatchObject({ status: 200 });
  });

  it('of a refresh has the auth_time of the sign-in, and no nonce', async () => {
    const first = await signIn('web', { nonce: 'n-1', sid: 's-1' });
    const { id_token, access_token } = tokensOf(await refresh(world.handlers, 'web', first.refresh_token));
    const { nonce: _, ...same } = payloadOf(first.id_token);
    expect(payloadOf(id_token)).toEqual({ ...same, at_hash: half(access_token, 'sha256') });
  });
});

describe('An ID token in an authorization response', () => {
  const grant = async (more: Partial<Grant> = {}): Promise<Grant> => ({
    grant_id: 'g',
    client: (await world.clients.find('web'))!,
    sub: 'alice',
    scope: 'openid profile',
    resources: [] as unknown as Grant['resources'],
    auth_time: NOW,
    nonce: 'n',
    ...more,
  });
  const context = () => composeAuthorization(createFoundationWithTable(world.env, clock));

  it('has c_hash with a code, and at_hash with an access token', async () => {
    const issue = async (together: object) => payloadOf(await issueIdToken(await grant(), together, context()));
    expect(await issue({ code: 'c' })).toMatchObject({ c_hash: half('c', 'sha256') });
    expect(await issue({ code: 'c' })).not.toHaveProperty('at_hash');
    expect(await issue({ code: 'c', access_token: 'a' })).toMatchObject({
      c_hash: half('c', 'sha256'),
      at_hash: half('a', 'sha256'),
    });
  });
});

describe('The claims of the user in an ID token are', () => {
  let sub = '';
  beforeAll(async () => {
    const claims = {
      name: 'Alice',
      email: 'alice@example.com',
      email_verified: true,
      phone_number: '1',
      iss: 'x',
      sub: 'x',
    };
    const users = createUserStore(world.table);
    sub = (await createUser({ username: 'alice', password: 'correct horse', claims }, { users, clock }))!.sub;
  });
  const ask = (id_token: object) => JSON.stringify({ id_token });

  it.each<[string, Partial<CodeOptions>, object]>([
    ['none by scope, where there is an access token to ask with', { scope: 'openid profile email' }, {}],
    ['those that the claims parameter asks for', { claims: ask({ name: null }) }, { name: 'Alice' }],
    ['none that it asks for of another scope than the client may have', { claims: ask({ phone_number: null }) }, {}],
    ['none that it wants at the userinfo endpoint', { claims: JSON.stringify({ userinfo: { name: null } }) }, {}],
    [
      'never in place of the claims of the token',
      { claims: ask({ iss: null, sub: null, exp: null, name: null }) },
      { name: 'Alice' },
    ],
  ])('%s', async (_name, options, expected) => {
    const { id_token } = await signIn('web', { sub, ...options });
    const { iss, sub: subject, aud, azp, iat, exp, auth_time, acr, amr, at_hash, ...others } = payloadOf(id_token);
    expect({ iss, subject, exp }).toEqual({ iss: ISSUER, subject: sub, exp: NOW + 3600 });
    expect(others).toEqual(expected);
  });

  it('never in place of the standard claims, whatever a hook returns', async () => {
    const client = (await world.clients.find('web'))!;
    const grant = { grant_id: 'g', client, sub, scope: 'openid', resources: [] as never, auth_time: NOW };
    const idTokenClaims = async () => ({
      iss: 'x',
      sub: 'x',
      aud: 'x',
      exp: 1,
      auth_time: 1,
      nonce: 'x',
      name: 'Alice',
    });
    const describeSubject = () => ({ findUser: () => undefined, memberships: async () => ({}), idTokenClaims });
    const context = { ...composeAuthorization(createFoundationWithTable(world.env, clock)), describeSubject };
    const claims = payloadOf(await issueIdToken(grant, { isAlone: true }, context));
    expect(claims).toMatchObject({ iss: ISSUER, sub, aud: 'web', exp: NOW + 3600, auth_time: NOW, name: 'Alice' });
    expect(claims).not.toHaveProperty('nonce');
  });

  it('not more than /logout takes', async () => {
    const client = (await world.clients.find('web'))!;
    const grant = { grant_id: 'g', client, sub, scope: 'openid', resources: [] as never, auth_time: NOW };
    const issue = (length: number) => {
      const idTokenClaims = async () => ({ picture: 'x'.repeat(length) });
      const describeSubject = () => ({ findUser: () => undefined, memberships: async () => ({}), idTokenClaims });
      const context = { ...composeAuthorization(createFoundationWithTable(world.env, clock)), describeSubject };
      return issueIdToken(grant, { isAlone: true }, context);
    };
    const room = Math.floor(((MAX_ID_TOKEN_LENGTH - (await issue(0)).length) * 3) / 4);
    const longest = await issue(room - 2);
    expect(longest.length).toBeGreaterThan(MAX_ID_TOKEN_LENGTH - 8);
    const parameters = { id_token_hint: longest, post_logout_redirect_uri: `https://app.example/${'x'.repeat(1_500)}` };
    const query = new URLSearchParams(parameters).toString();
    const { body } = await world.handlers.logout(httpEvent({ method: 'GET', path: '/logout', query }));
    // The ID token and the length were accepted.
    expect(body).toContain('post_logout_redirect_uri is not registered for this client');
    await expect(issue(room + 4)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('those of the scope, if there is no access token', async () => {
    const client = (await world.clients.find('web'))!;
    const grant = { grant_id: 'g', client, sub, scope: 'openid email', resources: [] as never, auth_time: NOW };
    const id_token = await issueIdToken(
      grant,
      { isAlone: true },
      composeAuthorization(createFoundationWithTable(world.env, clock)),
    );
    expect(payloadOf(id_token)).toMatchObject({ email: 'alice@example.com', email_verified: true, iss: ISSUER });
    expect(payloadOf(id_token)).not.toHaveProperty('name');
  });
});
