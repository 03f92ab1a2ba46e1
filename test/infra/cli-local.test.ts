// The command line in the directory of a local stack finds the keys of this stack by itself.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Explanation } from '../../infra/cli/explain-token.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Revocation } from '../../lib/oauth/revocation.ts';
import type { LocalService } from '../support/local-service.ts';
import { sampled } from '../support/scale.ts';
import { createLocalUser, sharedService } from '../support/shared.ts';
import { type Cli, createCli } from './cli-runner.ts';
import { type LocalWorld, removeTemporary, requestToken, startLocalWorld, withKeysInKms } from './local-world.ts';

/** The same text with another character in the middle. */
function mistyped(text: string): string {
  const middle = Math.floor(text.length / 2);
  return `${text.slice(0, middle)}${text[middle] === 'A' ? 'B' : 'A'}${text.slice(middle + 1)}`;
}

/** Variables of another deployment, which say nothing about a local stack. */
const foreign = {
  ISSUER: 'https://elsewhere.example',
  HANDLE_KEYS: Buffer.alloc(32, 1).toString('base64url'),
  SEALING_KEYS: Buffer.alloc(32, 2).toString('base64url'),
  ACCESS_TOKEN_MAX_LIFETIME_SECONDS: '1',
};

const explainWith = (cli: Cli) => async (token: string) => {
  const { code, json } = await cli(['token', 'explain', '-', '--json'], { stdin: token });
  return { code, ...json<Explanation>() };
};

const tokenFrom = async (response: Response) => {
  const answer = (await response.json()) as { access_token: string; refresh_token: string };
  expect(response.status, JSON.stringify(answer)).toBe(200);
  return answer;
};

const machines = ['machine-jwt', 'machine-encrypted', 'machine-sealed', 'machine-reference'];

describe('On npm start, token explain', () => {
  let service: LocalService;
  let explain: ReturnType<typeof explainWith>;
  beforeAll(async () => {
    service = await sharedService();
    explain = explainWith(createCli(foreign, service.directory));
  });

  it.each(machines)('accepts a token of %s, and refuses it with one changed character', async (name) => {
    const { access_token } = await tokenFrom(await requestToken(service, name));
    expect(await explain(access_token)).toMatchObject({ code: 0, verdict: 'accepted', reasons: [], not_checked: [] });
    expect(await explain(mistyped(access_token))).toMatchObject({ code: 1, verdict: 'refused', not_checked: [] });
  });

  it('tells a refresh token from a forged one', async () => {
    const { username, password } = await createLocalUser(service);
    const { client_id = '', client_secret = '' } = service.demo.clients['legacy'] ?? {};
    const scope = 'orders:read offline_access';
    const { refresh_token } = await tokenFrom(
      await fetch(`${service.issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` },
        body: new URLSearchParams({ grant_type: 'password', username, password, scope }),
      }),
    );
    expect(await explain(refresh_token)).toMatchObject({
      code: 1,
      kind: 'refresh_token',
      reasons: ['is a refresh token, which no API accepts'],
      grant_status: 'in force',
      not_checked: [],
    });
    expect(await explain(`${refresh_token.slice(0, -2)}AA`)).toMatchObject({
      code: 1,
      reasons: [expect.stringContaining('wrong MAC')],
      not_checked: [],
    });
  });
});

it.each<[string, readonly string[]]>([
  ['user sign-out', ['user', 'sign-out', 'stranger', '--subject']],
  ['token revoke', ['token', 'revoke', '--subject', 'other-stranger']],
])('On npm start, %s adds an entry for the longest lifetime of this stack', async (_name, command) => {
  const service = await sharedService();
  const before = systemClock();
  const { json } = await createCli(foreign, service.directory)([...command, '--yes', '--json']);
  const { revocation, ...entry } = json<Partial<Revocation> & { revocation?: Revocation }>();
  expect((revocation ?? entry).expires_at).toBeGreaterThanOrEqual(before + 86_400);
});

describe('On npm start -- --issuer https://id.example.com --keys kms, without a proxy,', () => {
  const issuer = 'https://id.example.com';
  let world: LocalWorld;
  let latchkey: Cli;
  beforeAll(async () => {
    world = await startLocalWorld(['--issuer', issuer, ...withKeysInKms]);
    latchkey = createCli({}, world.directory);
  });
  afterAll(async () => {
    await world?.stop();
    removeTemporary();
  });
  const local = () => ({ issuer: `http://localhost:${world.port}`, demo: world.demo });

  it('keys list shows the keys that sign', async () => {
    const { access_token } = await tokenFrom(await requestToken(local(), 'machine-jwt'));
    const { kid } = JSON.parse(Buffer.from(access_token.split('.')[0] ?? '', 'base64url').toString());
    expect((await latchkey(['keys', 'list', '--json'])).json()).toMatchObject([
      { kid, alg: 'ES256', status: 'published' },
      { alg: 'RS256', status: 'published' },
    ]);
  });

  // How each format is explained does not depend on the origin of the keys.
  it.each(sampled(machines, 3))('token explain tells a token of %s from a forged one', async (name) => {
    const explain = explainWith(latchkey);
    const { access_token } = await tokenFrom(await requestToken(local(), name));
    expect(await explain(access_token)).toMatchObject({ code: 0, verdict: 'accepted', not_checked: [] });
    expect(await explain(mistyped(access_token))).toMatchObject({ code: 1, verdict: 'refused' });
  });

  it('the terminal names the local URL for the proxy', () => {
    expect(world.said.join('\n')).toContain(
      `# let the proxy for ${issuer} forward requests to http://localhost:${world.port}\n`,
    );
  });
});
