// The endpoints that need no credentials: the two documents, and the example route behind the authorizer.
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  bombard,
  REQUESTS,
  SEED,
  sendAndCheck,
  startWatchedDeployment,
  type WatchedDeployment,
} from '../support/bombard.ts';
import { brokenEvent, type Draft, type Hostile, some, toEvent } from '../support/hostile.ts';
import { httpEvent } from '../support/world.ts';

let target: WatchedDeployment;

beforeAll(async () => {
  target = await startWatchedDeployment();
});
afterAll(() => target.stop());

const paths = {
  discovery: ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'],
  jwks: ['/.well-known/jwks.json'],
  whoami: ['/whoami'],
};

/** What a caller can get to see, whatever was sent: the document, or nothing. */
const bodies = {
  discovery: (body: string) =>
    body.startsWith('{"issuer":"https://issuer.example","authorization_endpoint":"https://issuer.example/authorize"'),
  jwks: (body: string) => body.startsWith('{"keys":[{"crv":"P-256"') && !body.includes('"d"'),
  whoami: (body: string) => body === '{}',
};

function hostileEvent(path: string, hostile: Hostile): unknown {
  const { random, text, harmless, wrongType } = hostile;
  const method = random.pick(['GET', 'GET', 'GET', 'POST', 'HEAD', 'get', '', text()]);
  const headers: Draft['headers'] = [
    ['authorization', text()],
    ['if-none-match', random.pick([text(), `"${text()}"`, '"', 'W/', ','.repeat(5000), 'W/"x", W/"y"'])],
    ['host', text()],
    ['x-forwarded-host', text()],
    ['accept', text()],
  ];
  const query = random.pick(['', 'a=b', '%', '__proto__=1', 'token=1']);
  const draft = {
    method,
    path: random.pick([path, path + text(), text(), '', '/'.repeat(2000)]),
    query,
    headers,
    body: Buffer.from(text()),
  };
  for (const mutate of some(random, harmless, 2)) mutate(draft);
  const event = toEvent(hostile, draft);
  return random.chance(0.3) ? brokenEvent({ ...hostile, anything: wrongType }, event) : event;
}

it.each(['discovery', 'jwks', 'whoami'] as const)(
  `%s shows what is public to ${REQUESTS} hostile requests (seed ${SEED})`,
  async (name) => {
    const statuses = new Set<number>();
    const make = (hostile: Hostile) => hostileEvent(hostile.random.pick(paths[name]), hostile);
    const complaints = await bombard(REQUESTS, make, async (event) => {
      const { complaint, result, isHead } = await sendAndCheck(target.handlers[name], event, target.isReflection);
      statuses.add(result.statusCode);
      if (complaint !== undefined) return complaint;
      return result.statusCode === 200 && !isHead && !bodies[name](result.body) ? `answered ${result.body}` : undefined;
    });
    expect(complaints).toEqual([]);
    expect(target.leaks).toEqual([]);
    expect(target.store.take()).toEqual([]);
    expect([...statuses].sort()).toEqual(name === 'discovery' ? [200, 404, 405] : [200, 405]);
  },
);

it('whoami accepts any context of the authorizer, and shows valid contexts only', async () => {
  const shown = async (authorizer: unknown) => {
    const { requestContext, ...event } = httpEvent({ method: 'GET', path: '/whoami' });
    const { http } = requestContext as { http: unknown };
    const { result } = await sendAndCheck(
      target.handlers.whoami,
      { ...event, requestContext: { http, authorizer } },
      () => false,
    );
    return [result.statusCode, result.body];
  };
  for (const context of [undefined, null, 0, '', 'text', true, {}]) expect(await shown(context)).toEqual([200, '{}']);
  expect(await shown({ lambda: { sub: 'x' } })).toEqual([200, '{"sub":"x"}']);
  expect(await shown({ lambda: null })).toEqual([200, 'null']);
  expect(await shown({ sub: 'x' })).toEqual([200, '{"sub":"x"}']);
});
