// Unmodified client libraries of others sign a user in over HTTP at what `npm start` runs. The browser between them is a few
// lines that follow redirects and fill in forms; test/browser has a real one.
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { beforeAll, describe, expect, it } from 'vitest';
import { demoApis } from '../infra/demo-apis.ts';
import type { ProxyEvent, ProxyResult } from '../lib/http/proxy-event.ts';
import { openBrowser } from './support/browser.ts';
import type { LocalService } from './support/local-service.ts';
import { createLocalUser, type LocalUser, sharedService } from './support/shared.ts';

let service: LocalService;
let user: LocalUser;

beforeAll(async () => {
  service = await sharedService();
  user = await createLocalUser(service);
});

const SCOPE = 'openid profile email offline_access orders:read';

/** The gateway as a function, for the browser. */
async function overHttp(event: ProxyEvent) {
  const { rawPath, rawQueryString, headers, cookies = [], requestContext, body } = event as APIGatewayProxyEventV2;
  const { method } = requestContext.http;
  const response = await fetch(`${service.issuer}${rawPath}?${rawQueryString}`, {
    method,
    redirect: 'manual',
    headers: { ...headers, cookie: cookies.join('; ') } as Record<string, string>,
    ...(method === 'POST' && { body: Buffer.from(body ?? '', 'base64') }),
  });
  const { status: statusCode } = response;
  const { 'set-cookie': _, ...others } = Object.fromEntries(response.headers);
  const set = response.headers.getSetCookie();
  return { statusCode, headers: others, cookies: set, body: await response.text() } as unknown as ProxyResult;
}

/** Signs the user in, gives consent, and returns where the browser is redirected with the response. */
async function visit(url: URL, browser = openBrowser(overHttp, service)): Promise<URL> {
  expect(url.origin + url.pathname).toBe(`${service.issuer}/authorize`);
  let page = await browser.get(url.search.slice(1));
  if (page.fields['page'] === 'sign_in') page = await browser.signIn(page, user.username, user.password);
  if (page.fields['page'] === 'consent') page = await browser.press(page, 'allow');
  expect(page.location, page.heading).toBeDefined();
  return page.location!;
}

const whoami = (token: string) => fetch(`${service.issuer}/whoami`, { headers: { authorization: `Bearer ${token}` } });

const userClaims = () => ({ name: user.name, email: user.email, email_verified: true });

describe.each(['web', 'spa'])('The client library openid-client, as the client %s,', (name) => {
  const secretOf = () => service.demo.clients[name]?.client_secret;
  const redirectUri = () => service.demo.app + (name === 'web' ? '/callback' : '/spa');

  async function discover() {
    const secret = secretOf();
    const authentication = secret === undefined ? oidc.None() : oidc.ClientSecretBasic(secret);
    const execute = [oidc.allowInsecureRequests];
    return oidc.discovery(new URL(service.issuer), name, undefined, authentication, { execute });
  }

  async function signIn(config: oidc.Configuration, more: Record<string, string> = {}) {
    const verifier = oidc.randomPKCECodeVerifier();
    const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri(),
      scope: SCOPE,
      state,
      nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...more,
    });
    const answer = await visit(url);
    const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true };
    return { answer, checks, tokens: await oidc.authorizationCodeGrant(config, answer, checks) };
  }

  it('signs a user in, reads userinfo, refreshes, introspects, revokes and signs the user out', async () => {
    const config = await discover();
    const { tokens } = await signIn(config);
    const claims = tokens.claims()!;
    expect(claims).toMatchObject({ iss: service.issuer, aud: name, sub: expect.any(String), sid: expect.any(String) });
    expect(await oidc.fetchUserInfo(config, tokens.access_token, claims.sub)).toMatchObject(userClaims());
    expect(await (await whoami(tokens.access_token)).json()).toMatchObject({ sub: claims.sub, scope: SCOPE });

    const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? '');
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token);
    expect(refreshed.claims()).toMatchObject({ sub: claims.sub, sid: claims['sid'], auth_time: claims.auth_time });
    const narrow = await oidc.refreshTokenGrant(config, refreshed.refresh_token ?? '', { scope: 'openid' });
    expect(narrow.scope).toBe('openid');

    const orders = service.demo.resources['orders']!;
    const api = new oidc.Configuration(config.serverMetadata(), orders.identifier, orders.secret);
    oidc.allowInsecureRequests(api);
    const introspect = () => oidc.tokenIntrospection(api, refreshed.access_token);
    expect(await introspect()).toMatchObject({ active: true, sub: claims.sub, client_id: name, scope: SCOPE });

    await oidc.tokenRevocation(config, narrow.refresh_token ?? '');
    expect(await introspect()).toEqual({ active: false });
    await expect(oidc.refreshTokenGrant(config, narrow.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    });

    const parameters = { id_token_hint: tokens.id_token ?? '', post_logout_redirect_uri: redirectUri() };
    const url = oidc.buildEndSessionUrl(config, {
      ...parameters,
      post_logout_redirect_uri: name === 'web' ? `${service.demo.app}/` : redirectUri(),
      state: 'bye',
    });
    const { status, headers } = await fetch(url, { redirect: 'manual' });
    expect({ status, location: headers.get('location') }).toMatchObject({ status: 303 });
    expect(headers.get('location')).toContain('state=bye');
  });

  it('is refused a code that it redeems again, and loses its tokens after a refresh', async () => {
    const config = await discover();
    const { answer, checks, tokens } = await signIn(config);
    const again = () => oidc.authorizationCodeGrant(config, answer, checks);
    await expect(again()).rejects.toMatchObject({ error: 'invalid_grant' });
    const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? '');
    await expect(again()).rejects.toMatchObject({ error: 'invalid_grant' });
    expect((await whoami(refreshed.access_token)).status).toBe(403);
    await expect(oidc.refreshTokenGrant(config, refreshed.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });

  it('understands the errors login_required and invalid_scope', async () => {
    const config = await discover();
    await expect(signIn(config, { prompt: 'none' })).rejects.toMatchObject({ error: 'login_required' });
    await expect(signIn(config, { scope: 'admin' })).rejects.toMatchObject({ error: 'invalid_scope' });
  });
});

describe('The client library oauth4webapi', () => {
  const insecure = { [oauth.allowInsecureRequests]: true };

  it('signs a user in, reads userinfo, refreshes, introspects, and revokes one access token but not the refresh token', async () => {
    const issuer = new URL(service.issuer);
    const discovery = await oauth.discoveryRequest(issuer, insecure);
    const server = await oauth.processDiscoveryResponse(issuer, discovery);
    const client: oauth.Client = { client_id: 'web' };
    const auth = oauth.ClientSecretPost(service.demo.clients['web']?.client_secret ?? '');
    const redirect_uri = `${service.demo.app}/callback`;
    const verifier = oauth.generateRandomCodeVerifier();
    const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
    const url = new URL(server.authorization_endpoint ?? '');
    url.search = new URLSearchParams({
      client_id: 'web',
      redirect_uri,
      response_type: 'code',
      scope: SCOPE,
      state,
      nonce,
      max_age: '3600',
      claims: JSON.stringify({ id_token: { email: null } }),
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }).toString();
    const parameters = oauth.validateAuthResponse(server, client, await visit(url), state);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      auth,
      parameters,
      redirect_uri,
      verifier,
      insecure,
    );
    const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
      expectedNonce: nonce,
      maxAge: 3600,
      requireIdToken: true,
    });
    await oauth.validateApplicationLevelSignature(server, response, insecure);
    const claims = oauth.getValidatedIdTokenClaims(tokens)!;
    expect(claims).toMatchObject({ email: user.email, auth_time: expect.any(Number) });

    const userInfo = await oauth.userInfoRequest(server, client, tokens.access_token, insecure);
    expect(await oauth.processUserInfoResponse(server, client, claims.sub, userInfo)).toMatchObject(userClaims());

    const refresh = await oauth.refreshTokenGrantRequest(server, client, auth, tokens.refresh_token ?? '', insecure);
    const refreshed = await oauth.processRefreshTokenResponse(server, client, refresh);

    const orders = { client_id: demoApis.orders };
    const ordersAuth = oauth.ClientSecretBasic(service.demo.resources['orders']?.secret ?? '');
    const introspect = async (token: string) => {
      const answer = await oauth.introspectionRequest(server, orders, ordersAuth, token, insecure);
      return oauth.processIntrospectionResponse(server, orders, answer);
    };
    expect(await introspect(refreshed.access_token)).toMatchObject({ active: true, sub: claims.sub });

    // Of one access token: the refresh token lives on.
    const revocation = await oauth.revocationRequest(server, client, auth, refreshed.access_token, insecure);
    await oauth.processRevocationResponse(revocation);
    expect(await introspect(refreshed.access_token)).toEqual({ active: false });
    const { refresh_token = '' } = refreshed;
    expect((await oauth.refreshTokenGrantRequest(server, client, auth, refresh_token, insecure)).status).toBe(200);
  });

  it('gets tokens for a password, as a client that still has the password grant', async () => {
    const issuer = new URL(service.issuer);
    const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
    const client = { client_id: 'legacy' };
    const auth = oauth.ClientSecretBasic(service.demo.clients['legacy']?.client_secret ?? '');
    const parameters = { username: user.username, password: user.password, scope: SCOPE };
    const response = await oauth.genericTokenEndpointRequest(server, client, auth, 'password', parameters, insecure);
    const tokens = await oauth.processGenericTokenEndpointResponse(server, client, response);
    expect(tokens).toMatchObject({ scope: SCOPE, refresh_token: expect.stringMatching(/^lk_rt_/) });
    expect((await whoami(tokens.access_token)).status).toBe(200);
  });
});
