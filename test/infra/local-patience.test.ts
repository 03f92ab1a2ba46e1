import { afterAll, expect, it } from 'vitest';
import { scaled } from '../support/scale.ts';
import { type LocalWorld, removeTemporary, requestToken, startLocalWorld } from './local-world.ts';

let world: LocalWorld | undefined;
afterAll(async () => {
  await world?.stop();
  removeTemporary();
});

const REQUESTS = scaled(12, 30);

it(`The local stack answers each of ${REQUESTS} first requests at once with a token, all signed by the one key it makes for them`, async () => {
  world = await startLocalWorld(['--keys', 'wrapped']);
  const { issuer } = world;
  const answers = await Promise.all(
    Array.from({ length: REQUESTS }, async () => {
      const response = await requestToken({ issuer, demo: world?.demo ?? { clients: {} } }, 'machine-jwt');
      const { access_token = '' } = (await response.json()) as { access_token?: string };
      return { status: response.status, kid: JSON.parse(atob(access_token.split('.')[0] ?? '') || '{}').kid };
    }),
  );

  const keySet = (await (await fetch(`${issuer}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
  expect(keySet.keys).toHaveLength(1);
  expect(answers).toEqual(Array.from({ length: REQUESTS }, () => ({ status: 200, kid: keySet.keys[0]?.kid })));
  expect(world.complaints).toEqual([]);
});
