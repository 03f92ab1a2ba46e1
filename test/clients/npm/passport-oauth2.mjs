import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import express from 'express';
import { Passport } from 'passport';
import { Strategy } from 'passport-oauth2';

/** Express sessions in memory. */
function sessions() {
  const bySession = new Map();
  return (request, response, next) => {
    const id = /\bapp=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1] ?? randomUUID();
    bySession.set(id, bySession.get(id) ?? {});
    request.session = bySession.get(id);
    response.cookie('app', id);
    next();
  };
}

class LatchkeyStrategy extends Strategy {
  constructor(options, verify) {
    super(options, verify);
    // Otherwise the library sends the token in the query.
    this._oauth2.useAuthorizationHeaderforGET(true);
    this.userInfoUrl = options.userInfoUrl;
  }
  userProfile(accessToken, done) {
    this._oauth2.get(this.userInfoUrl, accessToken, (error, body) => done(error, error ? undefined : JSON.parse(body)));
  }
}

export async function* run({ issuer, client_id, client_secret, redirect_uri, scope }, visit) {
  const passport = new Passport();
  const strategy = new LatchkeyStrategy(
    {
      authorizationURL: `${issuer}/authorize`,
      tokenURL: `${issuer}/token`,
      userInfoUrl: `${issuer}/userinfo`,
      clientID: client_id,
      clientSecret: client_secret,
      callbackURL: redirect_uri,
      scope: scope.split(' '),
      pkce: true,
      state: true,
    },
    (accessToken, refreshToken, profile, done) => done(null, { accessToken, refreshToken, profile }),
  );
  passport.use('latchkey', strategy);
  const authenticate = passport.authenticate('latchkey', { session: false });
  const app = express()
    .use(sessions())
    .get('/login', authenticate)
    .get('/callback', authenticate, (request, response) => response.json(request.user));
  const { origin, port } = new URL(redirect_uri);
  const server = app.listen(port);
  await once(server, 'listening');
  try {
    const { accessToken, refreshToken, profile } = JSON.parse((await visit(`${origin}/login`)).body);
    yield ['sign in', accessToken];
    yield ['userinfo', profile.email];

    // As passport-oauth2-refresh does.
    const refreshed = await new Promise((resolve, reject) => {
      const parameters = { grant_type: 'refresh_token' };
      strategy._oauth2.getOAuthAccessToken(refreshToken, parameters, (error, token) =>
        error ? reject(error) : resolve(token),
      );
    });
    yield ['refresh', refreshed];
  } finally {
    server.close();
  }
}
