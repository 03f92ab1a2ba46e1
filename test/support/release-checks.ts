import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Kms, startKms } from '../../infra/local/kms/server.ts';
import { startTable, type Table } from '../../infra/local/table.ts';
import { type Fixture, fillTable, type Thing } from './fixture.ts';
import { type Doors, openDoors, type Said } from './release-doors.ts';
import type { Variables } from './world.ts';

/** What has become different since the release. */
export interface Upgrade {
  /** What an operator has to set otherwise than then. */
  readonly variables?: Variables;
  /** What was valid and is not any more: its name -> why, as the changelog says it. */
  readonly refused?: Readonly<Record<string, string>>;
}

/**
 * Shows everything in a fixture to the code as it is: when it was made, in the last second of each thing, and afterwards.
 * @param names of all that is in it: a test each. Absent = one test for all, where they are not known yet
 */
export function checkFixture(
  load: () => Fixture | Promise<Fixture>,
  names: readonly string[] | undefined,
  upgrade: Upgrade = {},
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

  /** The world as it was, with a clock that stands. */
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

  /** Shows each thing at its time, and tells those of which something else is said. */
  async function misjudged(secondsBeforeEnd: number, expected: Said): Promise<string[]> {
    const { doors, setClock } = await open();
    const wrong: string[] = [];
    for (const { thing, until } of mortals()) {
      setClock(until - secondsBeforeEnd);
      if ((await doors.show(thing)) !== expected) wrong.push(thing.name);
    }
    return wrong;
  }

  describe('when it was made', () => {
    let doors: Doors;
    beforeAll(async () => {
      ({ doors } = await open());
    });

    const expected = (thing: Thing): Said => (isRefused(thing) ? 'refused' : 'valid');
    const show = async (name: string) => {
      const thing = fixture.things.find((one) => one.name === name);
      if (!thing) throw new Error('there is no such thing');
      expect(await doors.show(thing), name).toBe(expected(thing));
    };
    if (names) it.each(names)('%s', show);
    else {
      it('everything is valid that was not ended', async () => {
        for (const { name } of fixture.things) await show(name);
      });
    }

    it('every access token that is in force can be revoked', async () => {
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

  it('everything that expires is still valid in its last second', async () => {
    expect(mortals().length).toBeGreaterThan(0);
    expect(await misjudged(1, 'valid')).toEqual([]);
  });

  it('everything that expires is refused from the second on in which it does', async () => {
    expect(await misjudged(0, 'refused')).toEqual([]);
  });

  it('everything that is refused since the release is there, and was valid', () => {
    const wasValid = fixture.things.filter(({ refused }) => refused === undefined).map(({ name }) => name);
    expect(Object.keys(upgrade.refused ?? {}).filter((name) => !wasValid.includes(name))).toEqual([]);
  });
}
