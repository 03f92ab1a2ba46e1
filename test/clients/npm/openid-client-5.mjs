import { custom, generators, Issuer } from 'openid-client-5';

// On a busy machine the local stack answers late, but it does answer.
custom.setHttpOptionsDefaults({ timeout: 240_000 });

export async function* run(
  { issuer, client_id, client_secret, redirect_uri, post_logout_redirect_uri, scope, api },
  visit,
) {
  const { Client } = await Issuer.discover(issuer);
  const client = new Client({
    client_id,
    client_secret,
    redirect_uris: [redirect_uri],
  });
  const checks = { code_verifier: generators.codeVerifier(), state: generators.state(), nonce: generators.nonce() };
  const url = client.authorizationUrl({
    scope,
    state: checks.state,
    nonce: checks.nonce,
    code_challenge: generators.codeChallenge(checks.code_verifier),
    code_challenge_method: 'S256',
  });
  const callback = client.callbackParams((await visit(url)).url);
  const tokens = await client.callback(redirect_uri, callback, checks);
  yield ['sign in', tokens.access_token];

  yield ['userinfo', (await client.userinfo(tokens)).email];

  const refreshed = await client.refresh(tokens);
  yield ['refresh', refreshed.access_token];

  const resource = new Client({ client_id: api.identifier, client_secret: api.secret });
  yield ['introspection', (await resource.introspect(refreshed.access_token)).client_id];

  await client.revoke(refreshed.access_token);
  yield ['revocation', refreshed.access_token];

  const logout = client.endSessionUrl({ id_token_hint: refreshed, post_logout_redirect_uri });
  yield ['logout', (await visit(logout)).url];
}
