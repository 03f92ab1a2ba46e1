// The requests of AppAuth, an app without a secret, as its source forms them (OIDTokenRequest.m of AppAuth-iOS, TokenRequest.java
// of AppAuth-Android): the same parameters in the same order, encoding and headers.
import { createHash, randomBytes } from 'node:crypto';

const random = () => randomBytes(32).toString('base64url');

/** Android encodes with java.net.URLEncoder or android.net.Uri, iOS with NSURLComponents: a blank is %20. */
const encode = (parameters) => parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');

const platforms = {
  ios: {
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' },
    authorization: ({ client_id, redirect_uri, scope, state, nonce, code_challenge }) => [
      ['response_type', 'code'],
      ['client_id', client_id],
      ['redirect_uri', redirect_uri],
      ['scope', scope],
      ['state', state],
      ['nonce', nonce],
      ['code_challenge', code_challenge],
      ['code_challenge_method', 'S256'],
    ],
    code: ({ client_id, redirect_uri, code, code_verifier }) => [
      ['grant_type', 'authorization_code'],
      ['redirect_uri', redirect_uri],
      ['code', code],
      ['code_verifier', code_verifier],
      ['client_id', client_id],
    ],
    refresh: ({ client_id, refresh_token }) => [
      ['grant_type', 'refresh_token'],
      ['refresh_token', refresh_token],
      ['client_id', client_id],
    ],
  },
  android: {
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    authorization: ({ client_id, redirect_uri, scope, state, nonce, code_challenge }) => [
      ['redirect_uri', redirect_uri],
      ['client_id', client_id],
      ['response_type', 'code'],
      ['state', state],
      ['nonce', nonce],
      ['scope', scope],
      ['code_challenge', code_challenge],
      ['code_challenge_method', 'S256'],
    ],
    code: ({ client_id, redirect_uri, code, code_verifier }) => [
      ['client_id', client_id],
      ['grant_type', 'authorization_code'],
      ['redirect_uri', redirect_uri],
      ['code', code],
      ['code_verifier', code_verifier],
    ],
    refresh: ({ client_id, refresh_token }) => [
      ['client_id', client_id],
      ['grant_type', 'refresh_token'],
      ['refresh_token', refresh_token],
    ],
  },
};

export const ios = (settings, visit) => run(settings, visit, platforms.ios);
export const android = (settings, visit) => run(settings, visit, platforms.android);

async function* run({ issuer, client_id, redirect_uri, post_logout_redirect_uri, scope }, visit, platform) {
  const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  const [state, nonce, code_verifier] = [random(), random(), random()];
  const code_challenge = createHash('sha256').update(code_verifier).digest('base64url');
  const request = { client_id, redirect_uri, scope, state, nonce, code_challenge };
  const callback = await visit(`${metadata.authorization_endpoint}?${encode(platform.authorization(request))}`);
  const answer = new URL(callback.url).searchParams;
  if (answer.get('state') !== state) throw new Error(`unexpected answer ${callback.url}`);

  async function getTokens(parameters) {
    const response = await fetch(metadata.token_endpoint, {
      method: 'POST',
      headers: platform.headers,
      body: encode(parameters),
    });
    if (response.status !== 200) throw new Error(await response.text());
    return response.json();
  }

  const tokens = await getTokens(platform.code({ client_id, redirect_uri, code: answer.get('code'), code_verifier }));
  yield ['sign in', tokens.access_token];
  // What AppAuth checks of an ID token; it checks no signature.
  const claims = JSON.parse(Buffer.from(tokens.id_token.split('.')[1], 'base64url').toString());
  if (claims.iss !== issuer || claims.aud !== client_id || claims.nonce !== nonce) throw new Error('wrong ID token');

  const refreshed = await getTokens(platform.refresh({ client_id, refresh_token: tokens.refresh_token }));
  yield ['refresh', refreshed.access_token];

  const logout = [
    ['id_token_hint', tokens.id_token],
    ['post_logout_redirect_uri', post_logout_redirect_uri],
    ['state', random()],
  ];
  yield ['logout', (await visit(`${metadata.end_session_endpoint}?${encode(logout)}`)).url];
}
