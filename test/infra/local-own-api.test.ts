import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoApis } from '../../infra/demo-apis.ts';
import { type LocalWorld, removeTemporary, requestToken, startLocalWorld, withKeysInKms } from './local-world.ts';

const server = createServer((request, response) =>
  response.end(JSON.stringify({ url: request.url, caller: request.headers['x-latchkey-client-id'] })),
);
let world: LocalWorld;
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const route = `GET /things/{id}=http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const settings = [...withKeysInKms, '--issuer', 'https://auth.example.test'];
  world = await startLocalWorld(['--audience', 'https://api.example.test/', '--route', route, ...settings]);
});
afterAll(async () => {
  server.close();
  await world?.stop();
  removeTemporary();
});

/** The issuer is that of a proxy which is not there, so requests go to the port itself. */
const here = () => `http://localhost:${world.port}`;

describe('The local stack with an API of the user behind its authorizer', () => {
  it.each(['machine-jwt', 'machine-encrypted', 'machine-sealed', 'machine-reference'])(
    'lets a token of %s through to the API, which is the default resource of the client',
    async (name) => {
      const response = await requestToken({ issuer: here(), demo: world.demo }, name);
      const { access_token = '', expires_in, scope } = (await response.json()) as Record<string, string>;
      expect({ expires_in, scope }).toEqual({ expires_in: 1234, scope: 'read write' });
      const answer = await fetch(`${here()}/things/1`, { headers: { authorization: `Bearer ${access_token}` } });
      expect(await answer.json()).toEqual({ url: '/things/1', caller: name });
    },
  );

  it('refuses a token for another API, and prints the reason', async () => {
    const response = await requestToken({ issuer: here(), demo: world.demo }, 'machine-jwt', {
      resource: demoApis.orders,
    });
    const { access_token } = (await response.json()) as { access_token: string };
    const answer = await fetch(`${here()}/things/1`, { headers: { authorization: `Bearer ${access_token}` } });
    expect(answer.status).toBe(403);
    const line = world.said.find((text) => text.startsWith('GET /things/1 403: '));
    expect(line).toMatch(
      /^GET \/things\/1 403: the token is for another audience; for details run npx latchkey token explain$/,
    );
  });

  it('writes the secret of that API to demo.json, and the API can introspect tokens with it', async () => {
    const { identifier = '', secret = '' } = world.demo.resources['https://api.example.test/'] ?? {};
    const { access_token } = (await (
      await requestToken({ issuer: here(), demo: world.demo }, 'machine-jwt')
    ).json()) as { access_token: string };
    const response = await fetch(`${here()}/introspect`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${encodeURIComponent(identifier)}:${secret}`)}` },
      body: new URLSearchParams({ token: access_token }),
    });
    expect(await response.json()).toMatchObject({ active: true, aud: identifier, iss: 'https://auth.example.test' });
  });

  it('uses the URL in --issuer, for a stack behind a proxy', async () => {
    const response = await fetch(`${here()}/.well-known/openid-configuration`);
    expect(await response.json()).toMatchObject({ issuer: 'https://auth.example.test' });
    expect(world.said.filter((text) => text.startsWith('ready https://auth.example.test ('))).toHaveLength(1);
  });

  it('prints why an endpoint refused a request', async () => {
    const headers = { authorization: `Basic ${btoa('machine-jwt:wrong')}` };
    const body = new URLSearchParams({ grant_type: 'client_credentials' });
    expect((await fetch(`${here()}/token?debug=1`, { method: 'POST', headers, body })).status).toBe(401);
    expect(world.said.at(-1)).toMatch(/^POST \/token 401: invalid_client \([^;]+; client machine-jwt\)$/);
  });

  it('prints once for each client that its parameter audience is ignored', async () => {
    const ask = (name: string) =>
      requestToken({ issuer: here(), demo: world.demo }, name, { audience: demoApis.orders });
    for (const name of ['machine-jwt', 'machine-jwt', 'machine-reference']) expect((await ask(name)).status).toBe(200);
    const rule = 'the API that a token is for is named by the parameter resource (RFC 8707)';
    expect(world.said.filter((line) => line.includes('is ignored'))).toEqual([
      `the parameter audience of client machine-jwt is ignored: ${rule}`,
      `the parameter audience of client machine-reference is ignored: ${rule}`,
    ]);
  });
});

it('The page at / of the local stack describes the stack, and contains no secret and no script', async () => {
  const response = await fetch(`${here()}/`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  const page = await response.text();
  for (const text of [
    'https://auth.example.test/.well-known/openid-configuration',
    'https://auth.example.test/.well-known/jwks.json',
    `${world.demo.app}/`,
    'machine-jwt',
    'alice',
    'GET /things/{id}',
    'ANY /token',
    'npx latchkey token explain',
  ]) {
    expect(page, text).toContain(text);
  }
  expect(page).not.toContain('<script');
  const secrets = [...Object.values(world.demo.clients), ...Object.values(world.demo.resources)].flatMap(Object.values);
  const secret = (value: string) => value.length > 25;
  for (const value of (secrets as string[]).filter(secret)) expect(page).not.toContain(value);
  for (const { password } of Object.values(world.demo.users)) expect(page).not.toContain(password);
});
