// The slow part of upgrade.test.ts: the data directory of npm start from each release, and from the current code.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { environment, inKms, wrapped } from './fixtures/worlds.ts';
import { launchLocalService } from './support/local-service.ts';
import { checkFixture } from './support/release-checks.ts';
import { basic } from './support/world.ts';

const fixtures = fileURLToPath(new URL('fixtures/', import.meta.url));
const releases = readdirSync(fixtures).filter((name) => /^v\d/.test(name));

describe.each(releases)('The data of npm start -- --data of %s', (release) => {
  it('keeps its clients, resource servers and users, with their secrets', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'latchkey-upgrade-'));
    cpSync(`${fixtures}${release}/local`, directory, { recursive: true });
    const { demo: left } = JSON.parse(readFileSync(join(directory, 'local.json'), 'utf8'));
    const program = launchLocalService(['--data', directory]);
    try {
      const { issuer, demo } = await program.ready();
      expect(demo).toMatchObject(left);

      const post = async (path: string, id: string, secret: string, form: Record<string, string>) => {
        const headers = { authorization: basic(id, secret) };
        const response = await fetch(issuer + path, { method: 'POST', headers, body: new URLSearchParams(form) });
        return { status: response.status, json: (await response.json()) as Record<string, unknown> };
      };
      const { orders } = left.resources;
      for (const { client_id, client_secret } of Object.values<Record<string, string>>(left.clients)) {
        if (!client_id?.startsWith('machine-')) continue;
        const { json } = await post('/token', client_id, client_secret ?? '', { grant_type: 'client_credentials' });
        const form = { token: String(json['access_token']) };
        const headers = { authorization: `Bearer ${form.token}` };
        expect((await fetch(`${issuer}/whoami`, { headers })).status).toBe(200);
        expect((await post('/introspect', orders.identifier, orders.secret, form)).json).toMatchObject({
          active: true,
          client_id,
        });
      }
      const { legacy } = left.clients;
      const form = { grant_type: 'password', scope: 'openid', ...left.users.alice };
      expect((await post('/token', legacy.client_id, legacy.client_secret, form)).status).toBe(200);
    } finally {
      await program.end('SIGTERM');
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe.each(Object.entries({ environment, inKms, wrapped }))(
  'What a release of this code would give to clients, with keys in %s:',
  (_, make) => {
    checkFixture(make, undefined);
  },
);
