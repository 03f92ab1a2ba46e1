// A web app whose users sign in at Latchkey, on the unmodified library openid-client. It keeps tokens on the server: the
// browser has nothing but the cookie of a session. `npm start` runs it beside the service; by itself it runs with
//
//   ISSUER=https://auth.example.com CLIENT_ID=web CLIENT_SECRET=... PORT=3001 node examples/web-app/app.mjs
//
// Its client needs the redirect URI ORIGIN/callback, the post-logout redirect URI ORIGIN/ and, to hear of users who sign
// out elsewhere, the back-channel logout URI ORIGIN/backchannel-logout. Sessions are in memory, as is right for a demo.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { createLogoutTokenVerifier } from './logout-token.mjs';
import { page } from './page.mjs';
import { findFile } from './single-page.mjs';
import { createTokenKeeper, isOver, received } from './tokens.mjs';

const own = (name, type) => {
  const answer = { headers: { 'content-type': type }, body: readFileSync(new URL(name, import.meta.url)) };
  return async () => answer;
};

const SCOPE = 'openid profile email offline_access orders:read';

/**
 * Listens on loopback, and answers 503 until it is told its settings.
 * @param {number} port 0 = one of the system's choice
 */
export async function startApp(port) {
  let answer = async () => ({ status: 503 });
  const server = createServer(async (request, response) => {
    const { status = 200, headers, body = '' } = await answer(request).catch(failure);
    response.writeHead(status, { 'cache-control': 'no-store', ...headers }).end(body);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://localhost:${server.address().port}`;
  return {
    origin,
    /** @param {{ issuer: string, client_id: string, client_secret: string, spa_client_id?: string }} settings */
    configure(settings) {
      answer = createApp(origin, settings);
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** What the library says, and what the service had answered to it. */
function failure({ message, error, error_description }) {
  return html(page({ problem: [message, error, error_description].filter(Boolean).join(': ') }), 500);
}

const html = (body, status = 200) => ({ status, headers: { 'content-type': 'text/html; charset=utf-8' }, body });
/** JSON, for people to read; any other text as it is. */
function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

const redirect = (location) => ({ status: 303, headers: { location } });

function createApp(origin, { issuer, client_id, client_secret, spa_client_id }) {
  const verifyLogoutToken = createLogoutTokenVerifier(issuer, client_id);

  /** By the value of the cookie: `login` of who is signed in, `pending` of who is on the way. */
  const sessions = new Map();

  let discovered;
  /** The library, and what the service says of itself: asked for once, when somebody needs it. */
  function discover() {
    discovered ??= load().catch((error) => {
      discovered = undefined;
      throw error;
    });
    return discovered;
  }

  async function load() {
    const oidc = await import('openid-client');
    const execute = issuer.startsWith('http:') ? [oidc.allowInsecureRequests] : []; // the local service
    const authentication = oidc.ClientSecretBasic(client_secret);
    return { oidc, config: await oidc.discovery(new URL(issuer), client_id, undefined, authentication, { execute }) };
  }

  /** Puts a session in the place of another one, and gives the cookie that names it. */
  function begin(session, previous) {
    const id = randomBytes(32).toString('base64url');
    sessions.delete(previous);
    sessions.set(id, session);
    // `Lax` keeps other sites from posting in the user's name. Behind TLS it would be `__Host-web_app`, and `Secure`.
    return { 'set-cookie': `web_app=${id}; HttpOnly; SameSite=Lax; Path=/` };
  }

  async function signIn({ id }) {
    const { oidc, config } = await discover();
    const pending = { state: oidc.randomState(), nonce: oidc.randomNonce(), verifier: oidc.randomPKCECodeVerifier() };
    const { href } = oidc.buildAuthorizationUrl(config, {
      redirect_uri: `${origin}/callback`,
      scope: SCOPE,
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
    });
    return { status: 303, headers: { location: href, ...begin({ pending }, id) } };
  }

  async function callback({ id, url }) {
    const { pending } = sessions.get(id) ?? {};
    if (!pending) return redirect('/');
    const { oidc, config } = await discover();
    const tokens = await oidc.authorizationCodeGrant(config, url, {
      expectedState: pending.state,
      expectedNonce: pending.nonce,
      pkceCodeVerifier: pending.verifier,
      idTokenExpected: true,
    });
    const { sub, sid } = tokens.claims();
    const user = await oidc.fetchUserInfo(config, tokens.access_token, sub);
    const login = { user, sid, tokens: received(tokens, {}, Date.now()) };
    return { status: 303, headers: { location: '/', ...begin({ login }, id) } };
  }

  const keeper = createTokenKeeper(async (refresh_token) => {
    const { oidc, config } = await discover();
    return oidc.refreshTokenGrant(config, refresh_token);
  });

  /** The API: here the route of the service that shows what an API behind the authorizer gets to know. */
  async function callApi(login) {
    const { oidc, config } = await discover();
    const url = new URL(`${issuer}/whoami`);
    const response = await keeper.call(login, (access_token) =>
      // The library throws a 401 that says `WWW-Authenticate`. Here it is an answer like any other.
      oidc.fetchProtectedResource(config, access_token, url, 'GET').catch(({ response, ...error }) => {
        if (response) return response;
        throw error;
      }),
    );
    const text = await response.text();
    if (response.ok) return { title: `${response.status}: the API has answered`, text: pretty(text) };
    const title = `${response.status}: the API has refused the access token, and a new one as well`;
    return { title, text, failed: true };
  }

  async function refresh(login) {
    await keeper.renew(login);
    return { title: `The new access token is good for ${login.tokens.expires_in} s.` };
  }

  /** What a button does, and shows; it is for those who are signed in. */
  const button =
    (action) =>
    async ({ id }) => {
      const session = sessions.get(id);
      const { login } = session ?? {};
      if (!login) return redirect('/');
      try {
        login.shown = await action(login);
      } catch (error) {
        if (isOver(error)) sessions.set(id, { notice: 'Your session has ended. Please sign in again.' });
        else login.shown = { title: 'Something went wrong. Try again in a moment.', text: error.message, failed: true };
      }
      return redirect('/');
    };

  async function signOut({ id }) {
    const { oidc, config } = await discover();
    const { login } = sessions.get(id) ?? {};
    const { href } = oidc.buildEndSessionUrl(config, {
      post_logout_redirect_uri: `${origin}/`,
      ...(login && { id_token_hint: login.tokens.id_token }),
    });
    return { status: 303, headers: { location: href, ...begin({}, id) } };
  }

  /** The service calls it when a user signed out elsewhere. OpenID Connect Back-Channel Logout section 2.5 */
  async function backchannelLogout({ form }) {
    const { sid, sub } = await verifyLogoutToken(form.get('logout_token') ?? '');
    for (const [id, { login }] of sessions) {
      if (login && (sid ? login.sid === sid : login.user.sub === sub)) sessions.delete(id);
    }
    return { status: 200 };
  }

  const routes = {
    'GET /': async ({ id }) => html(page({ ...sessions.get(id), hasSinglePage: Boolean(spa_client_id) })),
    'GET /logo.svg': own('logo.svg', 'image/svg+xml'),
    'GET /style.css': own('style.css', 'text/css; charset=utf-8'),
    'GET /sign-in': signIn,
    'GET /callback': callback,
    'POST /call': button(callApi),
    'POST /refresh': button(refresh),
    'POST /sign-out': signOut,
    'POST /backchannel-logout': backchannelLogout,
  };

  // A form may lead to the service, by a redirect, and back.
  const policy = `default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self' ${issuer}; frame-ancestors 'none'`;

  return async (request) => {
    const url = new URL(request.url, origin);
    const file = spa_client_id && findFile(url.pathname, { issuer, client_id: spa_client_id });
    if (file) return file;
    const route = routes[`${request.method} ${url.pathname}`];
    if (!route) return html(page({ problem: 'There is no such page.' }), 404);
    const [, id] = /(?:^|; )web_app=([\w-]+)/.exec(request.headers.cookie ?? '') ?? [];
    const { headers, ...answer } = await route({ id, url, form: await readForm(request) });
    return { ...answer, headers: { 'content-security-policy': policy, ...headers } };
  };
}

async function readForm(request) {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return new URLSearchParams(text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { ISSUER: issuer, CLIENT_ID: client_id, CLIENT_SECRET: client_secret, PORT = '3001' } = process.env;
  if (!issuer || !client_id || !client_secret) throw new Error('ISSUER, CLIENT_ID and CLIENT_SECRET are needed');
  const app = await startApp(Number(PORT));
  app.configure({ issuer, client_id, client_secret });
  console.log(app.origin);
}
