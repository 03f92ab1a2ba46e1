import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  bombard,
  REQUESTS,
  SEED,
  sendAndCheck,
  startWatchedDeployment,
  type WatchedDeployment,
} from '../support/bombard.ts';
import { introspectionDoor } from '../support/doors.ts';
import { brokenEvent, type Draft, type Hostile, some, toEvent } from '../support/hostile.ts';
import { scaled } from '../support/scale.ts';
import { basic, getToken, SECRET } from '../support/world.ts';

const ENDPOINTS = ['introspection', 'revocation'] as const;
const CALLERS = {
  introspection: ['orders', 'billing', 'machine-jwt'],
  revocation: ['machine-jwt', 'machine-reference'],
};

let target: WatchedDeployment;

beforeAll(async () => {
  target = await startWatchedDeployment();
});
afterAll(() => target.stop());

type EndpointName = (typeof ENDPOINTS)[number];

function draftFor(id: string, { form, random }: Hostile, parameters: readonly (readonly [string, string])[]): Draft {
  const type: [string, string] = ['content-type', 'application/x-www-form-urlencoded'];
  const request = { method: 'POST', path: '/', query: '' };
  if (random.chance(0.7)) return { ...request, headers: [['authorization', basic(id)], type], body: form(parameters) };
  const credentials = [
    ['client_id', id],
    ['client_secret', SECRET],
  ] as const;
  return { ...request, headers: [type], body: form([...parameters, ...credentials]) };
}

/** A request with a hostile token by a proper caller, or with a real token by a caller that has something wrong. */
function hostileEvent(endpoint: EndpointName, hostile: Hostile): unknown {
  const { random, breaking, harmlessInForm, token, text } = hostile;
  const id = random.pick(CALLERS[endpoint]);
  const [real = ''] = target.material.real;
  const hint = ['token_type_hint', random.pick([text(), 'access_token', 'refresh_token', '__proto__'])] as const;
  if (random.chance(0.1)) return brokenEvent(hostile, toEvent(hostile, draftFor(id, hostile, [['token', real]])));
  if (random.chance(0.6)) {
    const draft = draftFor(
      id,
      hostile,
      random.pick([[['token', token({ ...target.material, ofAnyAudience: true })], hint], [['token', '']], [hint]]),
    );
    for (const mutate of some(random, harmlessInForm, 2)) mutate(draft);
    return toEvent(hostile, draft);
  }
  const headers: Draft['headers'] = [
    ['authorization', basic(id)],
    ['content-type', 'application/x-www-form-urlencoded'],
  ];
  const draft = { method: 'POST', path: '/', query: '', headers, body: hostile.form([['token', real], hint]) };
  random.pick(breaking(id))(draft);
  for (const mutate of some(random, harmlessInForm, 2)) mutate(draft);
  return toEvent(hostile, draft);
}

const harmless = { introspection: '{"active":false}', revocation: '{}' };

describe.each(ENDPOINTS)('%s', (endpoint) => {
  it(`reveals nothing to ${REQUESTS} hostile requests (seed ${SEED})`, async () => {
    target.store.take();
    let answered = 0;
    const make = (hostile: Hostile) => hostileEvent(endpoint, hostile);
    const complaints = await bombard(REQUESTS, make, async (event) => {
      const { complaint, result } = await sendAndCheck(target.handlers[endpoint], event, target.isReflection);
      if (complaint !== undefined) return complaint;
      if (result.statusCode >= 400) return undefined;
      answered++;
      return result.body === harmless[endpoint] ? undefined : `answered ${result.body}`;
    });
    expect(complaints).toEqual([]);
    expect(target.leaks).toEqual([]);
    // More than a few were judged by their token, and not refused for something else.
    expect(answered).toBeGreaterThan(REQUESTS / 10);

    const operations = target.store.take().map(({ operation }) => operation);
    expect(new Set(operations)).toEqual(new Set(['GetItem']));
    expect(operations.length).toBeLessThan(REQUESTS / 20);
  });
});

it('the hostile requests revoked nothing', async () => {
  for (const token of target.material.real) {
    expect(await introspectionDoor.show(target.world.handlers, token)).toBe('allow');
  }
});

const UNUSUAL = scaled(20, 60);

it('introspection and revocation accept requests that are unusual but valid', async () => {
  const tokens: string[] = [];
  for (let count = 0; count < UNUSUAL; count++) tokens.push(await getToken(target.handlers, 'machine-jwt'));
  const strangeEvents = (hostile: Hostile, index: number) => {
    const draft = draftFor('machine-jwt', hostile, [['token', tokens[index] ?? '']]);
    for (const mutate of some(hostile.random, hostile.harmlessInForm, 1)) mutate(draft);
    return toEvent(hostile, draft);
  };
  const complaints = await bombard(tokens.length, strangeEvents, async (event) => {
    const before = await target.handlers.introspection(event as never);
    const { complaint, result } = await sendAndCheck(target.handlers.revocation, event, target.isReflection);
    const after = await target.handlers.introspection(event as never);
    const isDone =
      result.statusCode === 200 && before.body.includes('"active":true') && after.body === '{"active":false}';
    return complaint ?? (isDone ? undefined : `answered ${before.body}, ${result.statusCode}, ${after.body}`);
  });
  expect(complaints).toEqual([]);
});
