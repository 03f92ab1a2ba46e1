import { createHash, randomBytes } from 'node:crypto';
import { AuthorizationCode } from 'simple-oauth2';

export async function* run({ issuer, client_id, client_secret, redirect_uri, scope }, visit) {
  const client = new AuthorizationCode({
    client: { id: client_id, secret: client_secret },
    auth: { tokenHost: issuer, tokenPath: '/token', authorizePath: '/authorize', revokePath: '/revoke' },
  });
  // The library has no PKCE of its own, and passes on what it is given.
  const code_verifier = randomBytes(32).toString('base64url');
  const url = client.authorizeURL({
    redirect_uri,
    scope,
    state: randomBytes(16).toString('hex'),
    code_challenge: createHash('sha256').update(code_verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const code = new URL((await visit(url)).url).searchParams.get('code');
  const tokens = await client.getToken({ code, redirect_uri, scope, code_verifier });
  yield ['sign in', tokens.token.access_token];

  const refreshed = await tokens.refresh({ scope });
  yield ['refresh', refreshed.token.access_token];

  // The access token, and then the refresh token.
  await refreshed.revokeAll();
  yield ['revocation', refreshed.token.access_token];
}
