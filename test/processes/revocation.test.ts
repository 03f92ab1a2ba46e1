// Processes with the bundles on one table. In strict mode no token is accepted by a request that began after its revocation was
// acknowledged, and none is refused before its revocation was sent.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { authorizerDoors, introspectionDoor, type Verdict } from '../support/doors.ts';
import { type ContainerProcess, openProcess } from '../support/processes.ts';
import { createRandom } from '../support/random.ts';
import { openList, type TestList } from '../support/revocation-list.ts';
import { scaled } from '../support/scale.ts';
import { getToken, type Handlers, post, startWorld, type World } from '../support/world.ts';

const PROCESSES = scaled(2, 4);
/** Tokens that are issued, shown and revoked at the same time. Each has four requests under way most of the time. */
const AT_A_TIME = 13;
const TOKENS = scaled(26, 200);
const random = createRandom(4);

let world: World;
let list: TestList;
let processes: ContainerProcess[] = [];

const open = () => openProcess({ ...world.env, CLIENT_CACHE_SECONDS: '60' });

beforeAll(async () => {
  world = await startWorld();
  list = openList(world.table);
  processes = Array.from({ length: PROCESSES }, open);
});
// Each test uses its own tokens, and a short list is quick.
beforeEach(async () => {
  await list.clear();
});
afterAll(async () => {
  await Promise.all(processes.map((process) => process.kill()));
  await world.stop();
});

const anyProcess = () => random.pick(processes);
const doors = [introspectionDoor, ...authorizerDoors.filter(({ name }) => name !== 'HTTP API 2.0 with policies')];

const show = ({ handlers }: ContainerProcess, token: string): Promise<Verdict> =>
  random.pick(doors).show(handlers as Handlers, token);
const showToAll = (token: string) => Promise.all(processes.map((process) => show(process, token)));
const nowhere = Array.from({ length: PROCESSES }, () => 'refuse' as const);

async function issue({ handlers }: ContainerProcess, id: string): Promise<string> {
  return getToken(handlers, id);
}

async function revoke({ handlers }: ContainerProcess, id: string, token: string): Promise<number> {
  return (await post(handlers.revocation, id, { token })).status;
}

/** Does something for each of these, so many at a time. */
async function forEach<Thing>(things: readonly Thing[], atATime: number, act: (thing: Thing) => Promise<void>) {
  const queue = [...things];
  const work = async () => {
    for (let thing = queue.shift(); thing !== undefined; thing = queue.shift()) await act(thing);
  };
  await Promise.all(Array.from({ length: atATime }, work));
}

const [JWT, REFERENCE] = ['machine-jwt', 'machine-reference'];
// Reference tokens first: they add nothing to the list, and a long list makes the embedded table slow.
const ids = Array.from({ length: TOKENS }, (_, index) => (index < TOKENS / 2 ? REFERENCE : JWT));

it(`Each of ${TOKENS} tokens works until it is revoked and never after, with ${4 * AT_A_TIME} requests in flight`, async () => {
  const wrong: string[] = [];
  const expectEach = (verdicts: readonly Verdict[], expected: Verdict, when: string) => {
    if (verdicts.some((verdict) => verdict !== expected)) wrong.push(`${when}: ${verdicts}`);
  };
  let overtaken = 0;

  await forEach(ids, AT_A_TIME, async (id) => {
    const token = await issue(anyProcess(), id);
    expectEach(await Promise.all([show(anyProcess(), token), show(anyProcess(), token)]), 'allow', 'before');

    // A request that is under way together with the revocation may be answered either way.
    const meanwhile = show(anyProcess(), token);
    expect(await revoke(anyProcess(), id, token)).toBe(200);
    expectEach(await showToAll(token), 'refuse', 'after');
    if ((await meanwhile) === 'allow') overtaken++;
  });
  expect(wrong).toEqual([]);
  expect(overtaken).toBeGreaterThan(0);
});

describe('A JWT that all processes revoke at once', () => {
  const ROUNDS = scaled(3, 50);

  it(`is refused after the first 200, in ${ROUNDS} rounds, and repeats add no entry to the list`, async () => {
    const rounds = Array.from({ length: ROUNDS }, (_, round) => round);
    const wrong: string[] = [];
    await forEach(rounds, 4, async (round) => {
      const token = await issue(anyProcess(), JWT);
      await Promise.all(
        processes.map(async (process) => {
          expect(await revoke(process, JWT, token)).toBe(200);
          const verdict = await show(anyProcess(), token);
          if (verdict !== 'refuse') wrong.push(`round ${round}: ${verdict}`);
        }),
      );

      const [, payload = ''] = token.split('.');
      const { jti } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { jti: string };
      const entries = () => list.find('token', jti);
      const after = await entries();
      if (after.length === 0) wrong.push(`round ${round}: no entry`);
      for (const process of processes) expect(await revoke(process, JWT, token)).toBe(200);
      expect(await entries()).toEqual(after);
      expect(await showToAll(token)).toEqual(nowhere);
    });
    expect(wrong).toEqual([]);
  });
});

describe('A process that is killed while it revokes tokens', () => {
  const CRASHES = scaled(2, 6);
  const BATCH = scaled(10, 16);

  /** Revokes these tokens in a process that is killed after so many acknowledgements; gives the status of each, if any. */
  async function revokeUntilKilled(tokens: readonly { id: string; token: string }[], acknowledgements: number) {
    const doomed = open();
    await show(doomed, 'x');
    await revoke(doomed, JWT, 'x');
    let left = acknowledgements;
    const statuses = tokens.map(async ({ id, token }) => {
      const status = await revoke(doomed, id, token).catch(() => undefined);
      if (status !== undefined && --left === 0) await doomed.kill();
      return status;
    });
    return Promise.all(statuses).finally(doomed.kill);
  }

  it(`loses no revocation that it acknowledged, in ${CRASHES} crashes, and the others can be repeated elsewhere`, async () => {
    const batch = Array.from({ length: BATCH }, (_, index) => (index % 2 === 0 ? JWT : REFERENCE));
    let lost = 0;
    for (let crash = 0; crash < CRASHES; crash++) {
      const tokens = await Promise.all(batch.map(async (id) => ({ id, token: await issue(anyProcess(), id) })));
      const statuses = await revokeUntilKilled(tokens, 1 + random.integer(BATCH / 2));
      expect(statuses).toContain(200);
      await Promise.all(
        tokens.map(async ({ id, token }, index) => {
          if (statuses[index] === undefined) {
            lost++;
            expect(await revoke(anyProcess(), id, token)).toBe(200);
          } else expect(statuses[index]).toBe(200);
          expect(await showToAll(token)).toEqual(nowhere);
        }),
      );
    }
    expect(lost).toBeGreaterThan(0);
  });
});
