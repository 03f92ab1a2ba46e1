const LOGOUT = 'http://schemas.openid.net/event/backchannel-logout';

/** Gives a function that says whose session has ended, or throws. OpenID Connect Back-Channel Logout section 2.6 */
export function createLogoutTokenVerifier(issuer, client_id) {
  let keys;
  return async (token) => {
    const { createRemoteJWKSet, jwtVerify } = await import('jose');
    keys ??= createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience: client_id,
      typ: 'logout+jwt',
      requiredClaims: ['iat', 'exp', 'jti', 'events'],
    });
    const { events, nonce, sid, sub } = payload;
    if (!events[LOGOUT] || nonce !== undefined || !(sid || sub)) throw new Error('this is no logout token');
    return { sid, sub };
  };
}
