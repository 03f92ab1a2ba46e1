import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Kms, startKms } from '../../infra/local/kms/server.ts';
import { startTable, type Table } from '../../infra/local/table.ts';
import { type Fixture, fillTable, type Thing } from './fixture.ts';
import { type Doors, type Judgement, openDoors } from './release-doors.ts';
import type { Variables } from './world.ts';

/** What has changed since a release. */
export interface Upgrade {
  /** Variables that an operator must change. */
  readonly variables?: Variables;
  /** Things that are no longer valid: the reason in the changelog, by name. */
  readonly refused?: Readonly<Record<string, string>>;
}

/** What is expected at the end of the life of a thing. */
export interface End {
  readonly when: string;
  readonly secondsBefore: number;
  readonly judgement: Judgement;
}

export const ENDS: readonly End[] = [
  { when: 'still valid in its last second', secondsBefore: 1, judgement: 'valid' },
  { when: 'refused from its expiry on', secondsBefore: 0, judgement: 'refused' },
];

/**
 * Presents everything in a fixture to the current code: at the time of the fixture, in the last second before each thing
 * expires, and afterwards.
 * @param things all things, for a test of each. Absent = one test for all things, if they are not known yet
 * @param ends of those that expire, each with everything presented once more
 */
export function checkFixture(
  load: () => Fixture | Promise<Fixture>,
  things: readonly Thing[] | undefined,
  upgrade: Upgrade = {},
  ends: readonly End[] = ENDS,
): void {
  let fixture: Fixture;
  let kms: Kms | undefined;
  const tables: Table[] = [];

  beforeAll(async () => {
    fixture = await load();
    kms = fixture.kms && (await startKms(fixture.kms));
  });
  afterAll(async () => {
    await Promise.all([...tables.map((table) => table.stop()), kms?.stop()]);
  });

  const isRefused = ({ name, refused }: Thing) => refused !== undefined || upgrade.refused?.[name] !== undefined;
  const mortals = () =>
    fixture.things
      .flatMap((thing) => (thing.until === undefined || isRefused(thing) ? [] : [{ thing, until: thing.until }]))
      .toSorted((one, other) => one.until - other.until);

  /** Opens the world of the fixture, with a clock that stands still. */
  async function open(): Promise<{ doors: Doors; setClock(time: number): void }> {
    const table = await startTable();
    tables.push(table);
    await fillTable(table, fixture.table);
    const places = {
      TABLE_NAME: table.tableName,
      AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
      LOCAL_PATIENCE: '100',
      ...(kms && { AWS_ENDPOINT_URL_KMS: kms.endpoint }),
    };
    let now = fixture.made_at;
    const doors = openDoors({ ...fixture.variables, ...upgrade.variables, ...places }, () => now);
    return {
      doors,
      setClock(time) {
        now = time;
      },
    };
  }

  /** Presents each thing at the given time before its expiry. @returns the names of those with an unexpected judgement */
  async function misjudged(secondsBeforeEnd: number, expected: Judgement): Promise<string[]> {
    const { doors, setClock } = await open();
    const wrong: string[] = [];
    for (const { thing, until } of mortals()) {
      setClock(until - secondsBeforeEnd);
      if ((await doors.show(thing)) !== expected) wrong.push(thing.name);
    }
    return wrong;
  }

  describe('at the time when they were made', () => {
    let doors: Doors;
    beforeAll(async () => {
      ({ doors } = await open());
    });

    const expected = (thing: Thing): Judgement => (isRefused(thing) ? 'refused' : 'valid');
    const show = async (name: string) => {
      const thing = fixture.things.find((one) => one.name === name);
      if (!thing) throw new Error('there is no such thing');
      expect(await doors.show(thing), name).toBe(expected(thing));
    };
    if (things) it.each(things.map((thing) => [thing.name, expected(thing)]))('%s is %s', show);
    else {
      it('everything that was not revoked is valid', async () => {
        for (const { name } of fixture.things) await show(name);
      });
    }

    it('every valid access token can be revoked', async () => {
      const tokens = fixture.things.flatMap((thing) =>
        thing.kind === 'access_token' && !isRefused(thing) ? [thing] : [],
      );
      expect(tokens.length).toBeGreaterThan(0);
      const alive: string[] = [];
      for (const thing of tokens) {
        await doors.revoke(thing.shown);
        if ((await doors.show(thing)) !== 'refused') alive.push(thing.name);
      }
      expect(alive).toEqual([]);
    });
  });

  if (ends.length > 0) {
    it.each(ends.map((end) => [end.when, end] as const))('everything that expires is %s', async (_when, end) => {
      expect(mortals().length).toBeGreaterThan(0);
      expect(await misjudged(end.secondsBefore, end.judgement)).toEqual([]);
    });
  }

  it('everything listed as refused since the release is in the fixture, and was valid', () => {
    const wasValid = fixture.things.filter(({ refused }) => refused === undefined).map(({ name }) => name);
    expect(Object.keys(upgrade.refused ?? {}).filter((name) => !wasValid.includes(name))).toEqual([]);
  });
}
