// The tokens, codes and sessions of earlier releases, with the current code: valid ones stay valid, and revoked ones stay
// revoked. Each folder of test/fixtures holds the deployment of one release; see its README.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Fixture } from './support/fixture.ts';
import { checkFixture, type Upgrade } from './support/release-checks.ts';

/** By release. A change that ends something they gave away, or needs another setting, says so here. */
const upgrades: Readonly<Record<string, Upgrade>> = {};

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const load = (release: string, world: string) => JSON.parse(read(`fixtures/v${release}/${world}.json`)) as Fixture;

const releases = [...read('../CHANGELOG.md').matchAll(/^## \[(\d+\.\d+\.\d+)\]/gm)].map(([, version = '']) => version);
const worlds = ['environment', 'kms', 'wrapped'];

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
    checkFixture(() => load(release, world), load(release, world).things, upgrades[release]);
  });
});
