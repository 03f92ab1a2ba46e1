// A client goes from every format to every other one while many of its tokens of each are out: a thousand in the long run.

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AccessTokenFormatName, accessTokenFormats } from '../../lib/oauth/access-token.ts';
import { createRevocation } from '../../lib/oauth/revocation.ts';
import { formatOf } from '../../lib/tokens/formats.ts';
import { RING_KEY_ID } from '../support/forge-jwe.ts';
import { openList } from '../support/revocation-list.ts';
import { pairs, scaled } from '../support/scale.ts';
import {
  authorizerEvents,
  client,
  createHandlers,
  createTestClock,
  getToken,
  type Handlers,
  httpEvent,
  ISSUER,
  post,
  readResult,
  startWorld,
  verdict,
  type World,
} from '../support/world.ts';

const COUNT = scaled(12, 1_000);
/** How many of a format are revoked one by one, and as many are not. */
const SOME = scaled(4, 20);
/** How many of a format meet a container that has not seen them, after all were revoked. */
const UNSEEN = scaled(4, 50);
const ID = 'undecided';

const { clock, set } = createTestClock();
const NOW = clock();

let world: World;

beforeAll(async () => {
  world = await startWorld({ REVOCATION_MAX_AGE_SECONDS: '5', CLIENT_CACHE_SECONDS: '3600' }, clock);
});
afterAll(() => world.stop());

/** Every ordered pair of formats once, each change beginning where the one before ended. */
function walk(from: AccessTokenFormatName): [AccessTokenFormatName, AccessTokenFormatName][] {
  const left = new Map(accessTokenFormats.map((format) => [format, accessTokenFormats.filter((it) => it !== format)]));
  const stack = [from];
  const route: AccessTokenFormatName[] = [];
  while (stack.length > 0) {
    const here = stack[stack.length - 1]!;
    const next = left.get(here)?.pop();
    if (next) stack.push(next);
    else route.unshift(stack.pop()!);
  }
  return route.slice(1).map((to, index) => [route[index]!, to]);
}

/** Some at once, as the requests of an API are. */
async function inParallel<Item, Result>(items: readonly Item[], run: (item: Item) => Promise<Result>) {
  const results: Result[] = [];
  for (let at = 0; at < items.length; at += 10) results.push(...(await Promise.all(items.slice(at, at + 10).map(run))));
  return results;
}

const allowed = async ({ authorizer }: Handlers, tokens: readonly string[]) => {
  const verdicts = await inParallel(tokens, (token) => verdict(authorizer(authorizerEvents['HTTP API 2.0'](token))));
  return { allow: 0, refuse: 0, fault: 0, ...Object.fromEntries(countBy(verdicts)) };
};

function countBy(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

const all = (verdict: 'allow' | 'refuse', count = COUNT) => ({ allow: 0, refuse: 0, fault: 0, [verdict]: count });

it('A change of the format leaves every live token valid until it expires or is revoked', async () => {
  const pairs = walk('jwt');
  expect(new Set(pairs.map(([from, to]) => `${from} ${to}`)).size).toBe(12);

  await world.clients.create(client(ID, { access_token_format: 'jwt' }));
  const tokens = new Map<AccessTokenFormatName, readonly string[]>();
  for (const [version, [from, to]] of pairs.entries()) {
    if (!tokens.has(from)) {
      const handlers = world.restart();
      tokens.set(from, await inParallel(Array.from({ length: COUNT }), () => getToken(handlers, ID)));
    }
    expect(countBy(tokens.get(from)!.map(formatOf))).toEqual(new Map([[from, COUNT]]));
    await world.clients.replace(client(ID, { access_token_format: to }), version + 1);
    expect(formatOf(await getToken(world.restart(), ID))).toBe(to);
    // Another container each time, which has seen none of them before.
    expect({ from, to, ...(await allowed(world.restart(), tokens.get(from)!)) }).toEqual({ from, to, ...all('allow') });
  }

  // Up to their last second.
  set(NOW + 3_599);
  const containers = new Map(accessTokenFormats.map((format) => [format, world.restart()]));
  for (const [format, handlers] of containers) {
    expect({ format, ...(await allowed(handlers, tokens.get(format)!)) }).toEqual({ format, ...all('allow') });
  }

  // Some one by one: no others. Whatever the client is set to by now.
  set(NOW + 3_500);
  const strict = world.restart({ REVOCATION_MAX_AGE_SECONDS: '0' });
  for (const format of accessTokenFormats) {
    const [revoked, live] = [tokens.get(format)!.slice(0, SOME), tokens.get(format)!.slice(SOME, 2 * SOME)];
    for (const token of revoked) expect(await post(strict.revocation, ID, { token })).toMatchObject({ status: 200 });
    expect({ format, ...(await allowed(strict, revoked)) }).toEqual({ format, ...all('refuse', SOME) });
    expect({ format, ...(await allowed(strict, live)) }).toEqual({ format, ...all('allow', SOME) });
  }

  // All of the client by one entry, in containers that know them and in one that does not.
  const now = clock();
  await openList(world.table, clock).put(createRevocation('client', ID, { now, lifetime: 3_600 }));
  set(now + 5);
  for (const [format, handlers] of containers) {
    expect({ format, ...(await allowed(handlers, tokens.get(format)!)) }).toEqual({ format, ...all('refuse') });
    const others = world.restart();
    const some = tokens.get(format)!.slice(-UNSEEN);
    expect({ format, ...(await allowed(others, some)) }).toEqual({ format, ...all('refuse', UNSEEN) });
  }
});

/** What names the key that made a token of each format: its own ids, as documented. */
const keyIds: Record<AccessTokenFormatName, () => Promise<string>> = {
  jwt: signingKid,
  encrypted_jwt: signingKid,
  sealed: async () => RING_KEY_ID,
  reference: async () => {
    const secret = Buffer.from(world.env['HANDLE_KEYS']!, 'base64url');
    const digest = createHash('sha256').update('latchkey handle key id\0reference_token\0').update(secret).digest();
    return digest.toString('base64url', 0, 4);
  },
};

async function signingKid() {
  const { json } = readResult(await world.handlers.jwks(httpEvent({ method: 'GET' })));
  return (json['keys'] as [{ kid: string }])[0].kid;
}

// Only what names a key depends on the format.
const kinds = pairs(accessTokenFormats, ['client', 'subject', 'grant', 'issuer'] as const);
const ofKeys = accessTokenFormats.map((format) => [format, 'key'] as const);

it.each([...kinds, ...ofKeys])(
  'A token of the format %s is revoked by an entry for its %s, and by no entry for another',
  async (format, kind) => {
    const { table, env, clients, stop } = await startWorld({}, clock);
    try {
      set(NOW);
      await clients.create(client(ID, { access_token_format: format }));
      const handlers = createHandlers(env, clock);
      const token = await getToken(handlers, ID);
      const { json } = await post(handlers.introspection, 'orders', { token });
      const id = {
        client: ID,
        subject: ID,
        grant: String(json['grant_id']),
        key: await keyIds[format](),
        issuer: ISSUER,
      }[kind];
      const store = openList(table, clock);
      const options = { now: NOW, lifetime: 3_600 };
      await store.put(createRevocation(kind, `not ${id}`, options));
      expect(await allowed(handlers, [token])).toEqual(all('allow', 1));
      await store.put(createRevocation(kind, id, options));
      expect(await allowed(handlers, [token])).toEqual(all('refuse', 1));
      expect((await post(handlers.introspection, 'orders', { token })).json).toEqual({ active: false });
    } finally {
      await stop();
    }
  },
);
