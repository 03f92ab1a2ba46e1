import { generateCodeVerifier, OAuth2Client } from '@badgateway/oauth2-client';

export async function* run({ issuer, client_id, client_secret, redirect_uri, scope, api }, visit) {
  const server = { server: `${issuer}/`, discoveryEndpoint: '/.well-known/oauth-authorization-server' };
  const client = new OAuth2Client({ ...server, clientId: client_id, clientSecret: client_secret });
  const codeVerifier = await generateCodeVerifier();
  const state = crypto.randomUUID();
  const url = await client.authorizationCode.getAuthorizeUri({
    redirectUri: redirect_uri,
    state,
    codeVerifier,
    scope: scope.split(' '),
  });
  const callback = await visit(url);
  const parameters = { redirectUri: redirect_uri, state, codeVerifier };
  const tokens = await client.authorizationCode.getTokenFromCodeRedirect(callback.url, parameters);
  yield ['sign in', tokens.accessToken];

  const refreshed = await client.refreshToken(tokens);
  yield ['refresh', refreshed.accessToken];

  const resource = new OAuth2Client({ ...server, clientId: api.identifier, clientSecret: api.secret });
  yield ['introspection', (await resource.introspect(refreshed)).client_id];

  await client.revoke(refreshed);
  yield ['revocation', refreshed.accessToken];
}
