import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { accessTokenFormats } from '../../lib/oauth/access-token.ts';
import { MAX_CLOCK_SKEW_SECONDS } from '../../lib/oauth/revocation.ts';
import { type FaultyStore, faults, onlyAt, startFaultyStore } from '../support/faulty-store.ts';
import { app, type CodeOptions, newCode, redeem, refresh, type Tokens, tokensOf } from '../support/grants.ts';
import { openList } from '../support/revocation-list.ts';
import { authorizerEvents, startWorld, verdict, type World } from '../support/world.ts';
import { type Cli, createCli, succeeding } from './cli-runner.ts';

let world: World;
let store: FaultyStore;
let attempt: Cli;
let latchkey: Cli;

beforeAll(async () => {
  world = await startWorld({}, systemClock);
  store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
  attempt = createCli({ ...world.env, AWS_ENDPOINT_URL_DYNAMODB: store.endpoint });
  latchkey = succeeding(attempt);
  await Promise.all(
    accessTokenFormats.map((format) => world.clients.create(app(`web-${format}`, { access_token_format: format }))),
  );
});
afterAll(async () => {
  await store.stop();
  await world.stop();
});

let count = 0;
const newSubject = () => `subject-${++count}`;

async function signIn(id: string, options: CodeOptions = {}): Promise<Tokens & { grant_id: string }> {
  const { code, grant_id } = await newCode(world, id, options);
  return { ...tokensOf(await redeem(world.handlers, id, code)), grant_id };
}

const authorize = ({ access_token }: Tokens) =>
  verdict(world.handlers.authorizer(authorizerEvents['HTTP API 2.0'](access_token)));

async function expectEnded(id: string, tokens: Tokens) {
  expect(await authorize(tokens)).toBe('refuse');
  expect(await refresh(world.handlers, id, tokens.refresh_token)).toMatchObject({
    status: 400,
    json: { error: 'invalid_grant' },
  });
}

async function expectAlive(id: string, tokens: Tokens) {
  expect(await authorize(tokens)).toBe('allow');
  expect((await refresh(world.handlers, id, tokens.refresh_token)).status).toBe(200);
}

interface Listed {
  readonly grant_id: string;
  readonly client_id: string;
  readonly status: string;
  readonly used_at?: number;
}

const list = async (sub: string, ...more: string[]) =>
  (await latchkey(['grants', 'list', '--subject', sub, '--json', ...more])).json<Listed[]>();

describe('grants list', () => {
  it('shows the grants of a subject, and nothing that helps to redeem a code', async () => {
    const sub = newSubject();
    const tokens = await signIn('web-jwt', { sub });
    await signIn('web-jwt', { sub: newSubject() });
    const waiting = await newCode(world, 'web-sealed', { sub });
    const shown = await list(sub);
    expect(shown).toHaveLength(2);
    // Only there if the code was redeemed in another second than that in which it was made.
    const { used_at: _, ...found } = shown.find(({ grant_id }) => grant_id === tokens.grant_id)!;
    expect(found).toEqual({
      grant_id: tokens.grant_id,
      client_id: 'web-jwt',
      scope: ['openid', 'offline_access', 'read', 'write'],
      resources: ['orders'],
      issued_at: expect.any(Number),
      ends_at: expect.any(Number),
      status: 'in force',
    });
    const { stdout } = await latchkey(['grants', 'list', '--subject', sub]);
    expect(stdout).toContain(tokens.grant_id);
    for (const secret of [waiting.code, tokens.refresh_token]) expect(stdout).not.toContain(secret);
  });

  it('leaves out grants that are no longer in force, except with --all', async () => {
    const sub = newSubject();
    const [revoked, alive] = [await signIn('web-jwt', { sub }), await signIn('web-jwt', { sub })];
    const longAgo = () => systemClock() - 3_600;
    const { grant_id: expired } = await newCode(world, 'web-jwt', { sub, clock: longAgo });
    await latchkey(['grants', 'revoke', '--', revoked.grant_id]);
    expect((await list(sub)).map(({ grant_id }) => grant_id)).toEqual([alive.grant_id]);
    const all = await list(sub, '--all');
    expect(Object.fromEntries(all.map(({ grant_id, status }) => [grant_id, status]))).toEqual({
      [revoked.grant_id]: 'revoked',
      [alive.grant_id]: 'in force',
      [expired]: 'expired',
    });
  });

  it('prints none for a subject without grants, and needs --subject', async () => {
    expect((await latchkey(['grants', 'list', '--subject', 'nobody'])).stdout).toBe('none\n');
    expect((await attempt(['grants', 'list'])).code).toBe(2);
  });
});

describe('grants revoke', () => {
  it.each(accessTokenFormats)(
    'revokes a grant with access tokens of the format %s, and no other grant',
    async (format) => {
      const id = `web-${format}`;
      const [ours, other] = [await signIn(id), await signIn(id)];
      const { stdout } = await latchkey(['grants', 'revoke', '--', ours.grant_id]);
      expect(stdout).toBe(`grant ${ours.grant_id} is revoked\n`);
      await expectEnded(id, ours);
      await expectAlive(id, other);
    },
  );

  it('can be repeated without adding to the revocation list', async () => {
    const { grant_id } = await signIn('web-jwt');
    const length = () => openList(world.table).length();
    await latchkey(['grants', 'revoke', '--', grant_id]);
    const after = await length();
    await latchkey(['grants', 'revoke', '--', grant_id]);
    expect(await length()).toBe(after);
  });

  it('fails for a missing grant, and does not create it', async () => {
    const result = await attempt(['grants', 'revoke', 'nothing']);
    expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no grant nothing') });
    expect((await world.table.scan('GRANT')).filter(({ pk }) => pk === 'GRANT#nothing')).toEqual([]);
  });

  it.each(['UpdateItem GRANT', 'UpdateItem REVOKED'])(
    'that fails at %s can be completed by repeating it',
    async (call) => {
      const tokens = await signIn('web-jwt');
      store.behave(onlyAt(call, faults['connection reset']));
      expect((await attempt(['grants', 'revoke', '--', tokens.grant_id])).code).toBe(1);
      store.behave();
      await latchkey(['grants', 'revoke', '--', tokens.grant_id]);
      await expectEnded('web-jwt', tokens);
    },
  );
});

it.each([
  ['grants revoke', (id: string) => ['grants', 'revoke', '--', id]],
  ['token revoke --grant', (id: string) => ['token', 'revoke', '--yes', `--grant=${id}`]],
])('%s adds an entry that lives no longer than the access tokens of the grant', async (_name, command) => {
  const { grant_id } = await signIn('web-jwt');
  const list = openList(world.table);
  await list.clear();
  const before = systemClock();
  await latchkey(command(grant_id));
  const [entry] = await list.find('grant', grant_id);
  // The lifetime, the leeway, and what is in flight; segments end at a quarter of an hour.
  const needed = 3_600 + MAX_CLOCK_SKEW_SECONDS + 60;
  expect(entry?.expires_at).toBeGreaterThanOrEqual(before + needed);
  expect(entry?.expires_at).toBeLessThan(systemClock() + needed + 900);
});

describe('Commands that revoke many grants at once:', () => {
  it.each<[string, (given: { sub: string; id: string; grant_id: string }) => string[]]>([
    ['token revoke --subject', ({ sub }) => ['token', 'revoke', '--yes', '--subject', sub]],
    ['token revoke --client', ({ id }) => ['token', 'revoke', '--yes', '--client', id]],
    ['token revoke --grant', ({ grant_id }) => ['token', 'revoke', '--yes', `--grant=${grant_id}`]],
    ['client disable', ({ id }) => ['client', 'disable', '--yes', id]],
  ])('%s also revokes refresh tokens, and those of no other user or client', async (_name, command) => {
    const [id, sub] = [`own-${++count}`, newSubject()];
    await world.clients.create(app(id));
    const ours = await signIn(id, { sub });
    const other = await signIn('web-jwt', { sub: newSubject() });
    await latchkey(command({ sub, id, grant_id: ours.grant_id }));
    if (command({ sub, id, grant_id: '' })[0] === 'client') await latchkey(['client', 'enable', id]);
    await expectEnded(id, ours);
    await expectAlive('web-jwt', other);
  });
});
