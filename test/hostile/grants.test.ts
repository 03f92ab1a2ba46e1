// Hostile requests around a code that waits and a refresh token that is good: none is answered, nothing is changed, and the
// rightful client's copies work afterwards.
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  bombard,
  REQUESTS,
  SEED,
  sendAndCheck,
  startWatchedDeployment,
  type WatchedDeployment,
} from '../support/bombard.ts';
import { app, newCode, REDIRECT_URI, redeem, redemption, refresh, tokensOf, VERIFIER } from '../support/grants.ts';
import { type Draft, type Hostile, toEvent } from '../support/hostile.ts';
import { basic } from '../support/world.ts';

let target: WatchedDeployment;
let code = '';
let refresh_token = '';

beforeAll(async () => {
  target = await startWatchedDeployment();
  await Promise.all(['web', 'other'].map((id) => target.world.clients.create(app(id, { refresh_reuse_interval: 0 }))));
  // However slow the machine is, the code is good until the end.
  code = (await newCode(target.world, 'web', { codeLifetime: 86_400 })).code;
  refresh_token = tokensOf(
    await redeem(target.handlers, 'web', (await newCode(target.world, 'web')).code),
  ).refresh_token;
});
afterAll(() => target.stop());

type Parameters = Record<string, string>;

/** Parameters of which one is not what it should be, and who sends them. */
function flawed({ random, text, spoil }: Hostile): { id: string; form: Parameters } {
  const refreshing = (more: Parameters): Parameters => ({ grant_type: 'refresh_token', refresh_token, ...more });
  const [id, form] = random.pick<() => [string, Parameters]>([
    () => ['other', redemption(code) as Parameters],
    () => ['other', refreshing({})],
    () => ['machine-jwt', random.pick([redemption(code) as Parameters, refreshing({})])],
    () => ['web', redemption(spoil(code)) as Parameters],
    () => ['web', redemption(random.pick([text(), refresh_token, target.material.real[0]!])) as Parameters],
    () => ['web', redemption(code, { code_verifier: random.pick([text(), spoil(VERIFIER), '']) }) as Parameters],
    () => ['web', redemption(code, { redirect_uri: random.pick([text() || 'x', spoil(REDIRECT_URI)]) }) as Parameters],
    () => ['web', redemption(code, { resource: random.pick([text() || 'x', 'billing', '__proto__']) }) as Parameters],
    () => ['web', refreshing({ refresh_token: spoil(refresh_token) })],
    () => ['web', refreshing({ refresh_token: random.pick([text(), code, target.material.real[1]!]) })],
    () => ['web', refreshing({ scope: random.pick([`${text()}!`, 'admin', 'read email', 'read  email']) })],
    () => ['web', refreshing({ resource: random.pick([text() || 'x', 'billing', 'constructor']) })],
    () => ['web', { ...refreshing({}), grant_type: random.pick([text(), 'password', 'authorization_code']) }],
  ])();
  return { id, form };
}

function hostileEvent(hostile: Hostile): unknown {
  const { id, form } = flawed(hostile);
  const headers: Draft['headers'] = [
    ['authorization', basic(id)],
    ['content-type', 'application/x-www-form-urlencoded'],
  ];
  return toEvent(hostile, {
    method: 'POST',
    path: '/token',
    query: '',
    headers,
    body: hostile.form(Object.entries(form)),
  });
}

it(`gives nothing for ${REQUESTS} hostile requests (seed ${SEED}), and nothing is lost by them`, async () => {
  const grants = () => target.world.table.scan('GRANT');
  const before = await grants();
  const complaints = await bombard(REQUESTS, hostileEvent, async (event) => {
    const { complaint, result } = await sendAndCheck(target.handlers.token, event, target.isReflection);
    return complaint ?? (result.statusCode < 400 ? `answered ${result.statusCode}` : undefined);
  });
  expect(complaints).toEqual([]);
  expect(target.leaks).toEqual([]);
  expect(await grants()).toEqual(before);
  expect((await redeem(target.handlers, 'web', code)).status).toBe(200);
  expect((await refresh(target.handlers, 'web', refresh_token)).status).toBe(200);
});
