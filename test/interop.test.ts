// Unmodified client libraries of others, over HTTP against what `npm start` runs.
import { JwtVerifier } from 'aws-jwt-verify';
import * as oauth from 'oauth4webapi';
import { beforeAll, describe, expect, it } from 'vitest';
import { demoApis } from '../infra/demo-apis.ts';
import type { LocalService } from './support/local-service.ts';
import { sharedService } from './support/shared.ts';

let service: LocalService;
let server: oauth.AuthorizationServer;

const insecure = { [oauth.allowInsecureRequests]: true };

beforeAll(async () => {
  service = await sharedService();
  const issuer = new URL(service.issuer);
  server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
});

const getToken = async (name: string, auth: oauth.ClientAuth, parameters = {}) => {
  const client = { client_id: name };
  const response = await oauth.clientCredentialsGrantRequest(server, client, auth, parameters, insecure);
  return oauth.processClientCredentialsResponse(server, client, response);
};

const whoami = (token: string) =>
  oauth.protectedResourceRequest(token, 'GET', new URL(`${service.issuer}/whoami`), undefined, undefined, insecure);

describe.each(['machine-jwt', 'machine-encrypted', 'machine-sealed', 'machine-reference'])(
  'The client library oauth4webapi, as the client %s,',
  (name) => {
    const secretOf = () => service.demo.clients[name]?.client_secret ?? '';

    it.each([
      ['client_secret_basic', oauth.ClientSecretBasic],
      ['client_secret_post', oauth.ClientSecretPost],
    ])(
      'gets a token by %s, calls the API with it, and revokes it, after which it is inactive and refused',
      async (_method, authenticate) => {
        const client = { client_id: name };
        const auth = authenticate(secretOf());
        const { access_token, expires_in, scope } = await getToken(name, auth, {
          scope: 'orders:read',
          resource: demoApis.orders,
        });
        expect({ expires_in, scope }).toEqual({ expires_in: 3600, scope: 'orders:read' });

        const orders = { client_id: service.demo.resources['orders']?.identifier ?? '' };
        const ordersAuth = authenticate(service.demo.resources['orders']?.secret ?? '');
        const introspect = async () => {
          const response = await oauth.introspectionRequest(server, orders, ordersAuth, access_token, insecure);
          return oauth.processIntrospectionResponse(server, orders, response);
        };
        expect(await introspect()).toMatchObject({
          active: true,
          client_id: name,
          aud: demoApis.orders,
          scope: 'orders:read',
        });
        expect(await (await whoami(access_token)).json()).toMatchObject({ client_id: name, aud: demoApis.orders });

        const revoked = await oauth.revocationRequest(server, client, auth, access_token, insecure);
        await oauth.processRevocationResponse(revoked);

        expect(await introspect()).toEqual({ active: false });
        expect((await whoami(access_token)).status).toBe(403);
      },
    );

    it('understands the refusal of a wrong secret: 401 with a Basic challenge', async () => {
      await expect(getToken(name, oauth.ClientSecretBasic('wrong'))).rejects.toMatchObject({
        status: 401,
        cause: [expect.objectContaining({ scheme: 'basic' })],
      });
    });

    it('understands the refusal of a scope that the client may not have: invalid_scope', async () => {
      await expect(getToken(name, oauth.ClientSecretBasic(secretOf()), { scope: 'admin' })).rejects.toMatchObject({
        status: 400,
        error: 'invalid_scope',
      });
    });
  },
);

it('The library aws-jwt-verify verifies a JWT access token by the published keys', async () => {
  const auth = oauth.ClientSecretBasic(service.demo.clients['machine-jwt']?.client_secret ?? '');
  const { access_token } = await getToken('machine-jwt', auth);
  const verifier = JwtVerifier.create({
    issuer: service.issuer,
    audience: demoApis.orders,
    jwksUri: 'https://unused.example',
  });
  const { keys } = (await (await fetch(server.jwks_uri ?? '')).json()) as Parameters<typeof verifier.cacheJwks>[0];
  verifier.cacheJwks({ keys: [...keys] });
  expect(await verifier.verify(access_token)).toMatchObject({ client_id: 'machine-jwt' });
});

it('The library oauth4webapi validates a JWT access token by RFC 9068', async () => {
  const auth = oauth.ClientSecretBasic(service.demo.clients['machine-jwt']?.client_secret ?? '');
  const { access_token } = await getToken('machine-jwt', auth);
  const request = new Request(`${service.issuer}/orders`, { headers: { authorization: `Bearer ${access_token}` } });
  expect(await oauth.validateJwtAccessToken(server, request, demoApis.orders, insecure)).toMatchObject({
    sub: 'machine-jwt',
  });
});
