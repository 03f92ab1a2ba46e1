import { once } from 'node:events';
import { createServer } from 'node:http';
import { Auth, skipCSRFCheck } from '@auth/core';

export async function* run({ issuer, client_id, client_secret, redirect_uri, scope }, visit) {
  const { origin, port } = new URL(redirect_uri);
  const signedIn = {};
  const config = {
    secret: 'a-secret-of-the-application-itself',
    trustHost: true,
    basePath: '/auth',
    providers: [
      {
        id: 'latchkey',
        name: 'Latchkey',
        type: 'oidc',
        issuer,
        clientId: client_id,
        clientSecret: client_secret,
        authorization: { params: { scope } },
      },
    ],
    callbacks: {
      jwt({ token, account }) {
        if (account) Object.assign(signedIn, account);
        return token;
      },
    },
  };
  // The few lines of an adapter to a framework; /login is a server action that calls `signIn`.
  const server = createServer(async (request, response) => {
    if (request.url === '/') return response.end('signed in');
    const isLogin = request.url === '/login';
    const url = isLogin ? `${origin}/auth/signin/latchkey` : `${origin}${request.url}`;
    const headers = new Headers({ cookie: request.headers.cookie ?? '' });
    const answer = await Auth(new Request(url, { method: isLogin ? 'POST' : 'GET', headers }), {
      ...config,
      ...(isLogin && { skipCSRFCheck }),
    });
    const { 'set-cookie': _, ...others } = Object.fromEntries(answer.headers);
    response.writeHead(answer.status, { ...others, 'set-cookie': answer.headers.getSetCookie() });
    response.end(await answer.text());
  }).listen(port);
  await once(server, 'listening');
  try {
    await visit(`${origin}/login`);
    yield ['sign in', signedIn.access_token];
    const session = JSON.parse((await visit(`${origin}/auth/session`)).body);
    yield ['userinfo', session.user.email];
  } finally {
    server.close();
  }
}
