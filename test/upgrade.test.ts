// The tokens, codes and sessions of earlier releases, with the current code: valid ones stay valid, and revoked ones stay
// revoked. Each folder of test/fixtures holds the deployment of one release; see its README.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Fixture, Thing } from './support/fixture.ts';
import { checkFixture, ENDS, type Upgrade } from './support/release-checks.ts';
import { isLongRun } from './support/scale.ts';

/** By release. A change that ends something they gave away, or needs another setting, says so here. */
const upgrades: Readonly<Record<string, Upgrade>> = {};

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const load = (release: string, world: string) => JSON.parse(read(`fixtures/v${release}/${world}.json`)) as Fixture;

const releases = [...read('../CHANGELOG.md').matchAll(/^## \[(\d+\.\d+\.\d+)\]/gm)].map(([, version = '']) => version);
const worlds = ['environment', 'kms', 'wrapped'];

/** In the long run only, because each checks a password once more, which is slow. */
const morePasswords = ['a password, the name written another way', 'the password of a user who is disabled'];

const asksForPassword = (thing: Thing) => thing.kind === 'page' && 'password' in thing.shown.form;

/**
 * The fixture as it is presented. In the normal run, the worlds with other origins of keys leave out what the first one also has and
 * does not depend on keys: refusals, whose reason is in the table, and the checking of a password, which is slow.
 */
function presented(release: string, world: string): Fixture {
  const fixture = load(release, world);
  const [first = ''] = worlds;
  if (isLongRun) return fixture;
  if (world === first)
    return { ...fixture, things: fixture.things.filter(({ name }) => !morePasswords.includes(name)) };
  const inFirst = new Set(load(release, first).things.map(({ name }) => name));
  const isLeftOut = (thing: Thing) =>
    inFirst.has(thing.name) && (thing.refused !== undefined || asksForPassword(thing));
  return { ...fixture, things: fixture.things.filter((thing) => !isLeftOut(thing)) };
}

describe('The fixtures', () => {
  it('exist for each release in the changelog', () => {
    const folders = readdirSync(new URL('fixtures', import.meta.url)).filter((name) => /^v\d/.test(name));
    expect(folders.toSorted()).toEqual(releases.map((version) => `v${version}`).toSorted());
    expect(Object.keys(upgrades).filter((version) => !releases.includes(version))).toEqual([]);
  });

  it.each(releases)('contain every kind of thing and every reason for a refusal, for %s', (release) => {
    const fixtures = worlds.map((world) => load(release, world));
    const items = fixtures.flatMap(({ table }) => table);
    const values = (pk: string, attribute: string) =>
      new Set(items.flatMap((item) => (item['pk']?.S?.startsWith(pk) ? [item[attribute]?.S] : [])));
    expect([...values('REVOKED#', 'kind')].toSorted()).toEqual([
      'client',
      'grant',
      'issuer',
      'key',
      'subject',
      'token',
    ]);
    expect([...values('GRANT#', 'state')].toSorted()).toEqual(['active', 'code', 'revoked']);
    const kinds = new Set(fixtures.flatMap(({ things }) => things.map(({ kind }) => kind)));
    expect(kinds.size).toBe(11);
    const partitions = new Set(items.map((item) => item['pk']?.S?.split('#')[0]));
    for (const name of ['CLIENT', 'RESOURCE', 'TOKEN', 'EPOCH', 'KEYS', 'USER', 'USERNAME', 'SESSION', 'CONSENT']) {
      expect(partitions).toContain(name);
    }
    expect(partitions).toContain('ATTEMPTS');
    expect(partitions).toContain('LOGOUT');
  });
});

describe.each(releases)('Of the things that release %s gave to clients, browsers and APIs,', (release) => {
  describe.each(worlds)('with the keys of the fixture %s,', (world) => {
    const fixture = presented(release, world);
    // Whether something has expired does not depend on the origin of its keys, unless the registry ends them earlier.
    const ends = isLongRun || world === worlds[0] ? ENDS : world === 'wrapped' ? ENDS.slice(0, 1) : [];
    checkFixture(() => fixture, fixture.things, upgrades[release], ends);
  });
});
