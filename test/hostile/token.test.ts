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
import { basic } from '../support/world.ts';

let target: WatchedDeployment;

beforeAll(async () => {
  target = await startWatchedDeployment();
});
afterAll(() => target.stop());

const CLIENTS = ['machine-jwt', 'machine-reference'];

function draftFor(id: string, { form }: Hostile, parameters: readonly (readonly [string, string])[]): Draft {
  const headers: Draft['headers'] = [
    ['authorization', basic(id)],
    ['content-type', 'application/x-www-form-urlencoded'],
  ];
  return { method: 'POST', path: '/token', query: '', headers, body: form(parameters) };
}

const proper = [
  ['grant_type', 'client_credentials'],
  ['scope', 'read'],
  ['resource', 'orders'],
] as const;

/** Parameters of which one is not what it should be. */
const flawed = ({ random, text, spoil }: Hostile) =>
  random.pick<() => [string, string][]>([
    () => [['scope', 'read']],
    () => [['grant_type', '']],
    () => [['grant_type', random.pick(['__proto__', 'constructor', 'toString', 'password', 'refresh_token'])]],
    () => [['grant_type', random.pick([text(), spoil('client_credentials')])]],
    () => [
      ['grant_type', 'client_credentials'],
      ['scope', random.pick([`${text()}"`, `${spoil('read write').replaceAll(' ', '')}!`, 'admin', 'read "'])],
    ],
    () => [
      ['grant_type', 'client_credentials'],
      ['resource', random.pick([text(), spoil('orders'), '__proto__', 'constructor'])],
    ],
    () => [
      ['grant_type', 'client_credentials'],
      ['resource', 'orders'],
      ['resource', text()],
    ],
    () => [
      ['grant_type', 'client_credentials'],
      ...Array.from({ length: 70 }, (): [string, string] => ['resource', text().slice(0, 30)]),
    ],
  ])();

function hostileEvent(hostile: Hostile): unknown {
  const { random, breaking, harmlessInForm } = hostile;
  const id = random.pick(CLIENTS);
  if (random.chance(0.1)) return brokenEvent(hostile, toEvent(hostile, draftFor(id, hostile, proper)));
  const isFlawed = random.chance(0.4);
  const draft = draftFor(id, hostile, isFlawed ? flawed(hostile) : proper);
  if (!isFlawed) random.pick(breaking(id))(draft);
  for (const mutate of some(random, harmlessInForm, 2)) mutate(draft);
  return toEvent(hostile, draft);
}

it(`gives no token for ${REQUESTS} hostile requests (seed ${SEED})`, async () => {
  target.store.take();
  const complaints = await bombard(REQUESTS, hostileEvent, async (event) => {
    const { complaint, result } = await sendAndCheck(target.handlers.token, event, target.isReflection);
    return complaint ?? (result.statusCode < 400 ? `answered ${result.statusCode}` : undefined);
  });
  expect(complaints).toEqual([]);
  expect(target.leaks).toEqual([]);

  // Refused before the store is asked, but for ids of clients that do not exist; and nothing is ever written.
  const operations = target.store.take().map(({ operation }) => operation);
  expect(new Set(operations)).toEqual(new Set(['GetItem']));
  expect(operations.length).toBeLessThan(REQUESTS / 20);
});

it('issues a token for requests that are unusual but valid', async () => {
  const strangeEvent = (hostile: Hostile) => {
    const draft = draftFor('machine-jwt', hostile, proper);
    for (const mutate of some(hostile.random, hostile.harmlessInForm, 1)) mutate(draft);
    return toEvent(hostile, draft);
  };
  const complaints = await bombard(300, strangeEvent, async (event) => {
    const { complaint, result } = await sendAndCheck(target.handlers.token, event, target.isReflection);
    return complaint ?? (result.statusCode === 200 ? undefined : `answered ${result.statusCode} ${result.body}`);
  });
  expect(complaints).toEqual([]);
});
