import { createHash } from 'node:crypto';
import { type Html, html, serializeHtml, trustedMarkup } from '../../lib/pages/html.ts';
import { brandMark } from '../../lib/pages/icons.ts';
import { style } from '../../lib/pages/style.ts';
import type { HttpResponse } from './http-response.ts';
import type { Demo } from './seed.ts';
import type { Route, Stack } from './stack.ts';

export interface StartPage {
  issuer: string;
  /** The origin of the demo app. */
  app: string;
  /** The API that the authorizer accepts tokens for. */
  audience: string;
  demo: Demo;
  /** The file with the secrets. They are not on the page, which anyone who can reach the port can read. */
  file: string;
}

const ownStyle = trustedMarkup(`${style}
:root { --width: 46rem; }
body { justify-content: flex-start; }
h2 { margin: 0; font-size: 1rem; font-weight: 650; }
section { display: flex; flex-direction: column; gap: 0.5rem; }
ul { margin: 0; padding-left: 1.25rem; }
pre {
  margin: 0; padding: 0.75rem 0.875rem; overflow-x: auto; font: 0.8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  background: var(--surface-sunken); border: 1px solid var(--line); border-radius: var(--radius-small);
}
`);

const styleHash = createHash('sha256').update(serializeHtml(ownStyle)).digest('base64');

/** `GET /` of the local stack: describes the stack, with links and commands to try. */
export function startPage(stack: Stack, page: StartPage): HttpResponse {
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Local stack · Latchkey</title>
<style>${ownStyle}</style>
</head>
<body>
<header class="brand">${brandMark}<span>Latchkey</span></header>
<main class="card">${content(stack, page)}</main>
</body>
</html>`;
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; frame-ancestors 'none'; base-uri 'none'`,
      'x-content-type-options': 'nosniff',
    },
    cookies: [],
    body: Buffer.from(serializeHtml(document)),
  };
}

function content(stack: Stack, { issuer, app, audience, demo, file }: StartPage): Html {
  const demoFunction = `demo() { node -p "JSON.parse(fs.readFileSync('${file}')).$1"; }`;
  const links = [
    '/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server',
    '/.well-known/jwks.json',
  ];
  return html`
<div class="head">
  <h1>This local stack is running</h1>
  <p class="soft">Its issuer is <strong>${issuer}</strong>, and its authorizer accepts tokens for the API <strong>${audience}</strong>. The stack can be reached from this machine only. This page is not part of a deployment.</p>
</div>
<section><h2>Look around</h2><ul>
  ${links.map((path) => html`<li><a href="${issuer}${path}">${path}</a></li>`)}
  <li><a href="${app}/">The demo app</a>: sign in as alice, call the API, and sign out</li>
</ul></section>
<section><h2>Get a token and call a protected route</h2>
<pre>${demoFunction}
CLIENT=machine-jwt:$(demo 'clients["machine-jwt"].client_secret')
TOKEN=$(curl -s -u $CLIENT -d grant_type=client_credentials ${issuer}/token |
  node -p 'JSON.parse(fs.readFileSync(0)).access_token')
curl -s -H "Authorization: Bearer $TOKEN" ${issuer}/whoami
npx latchkey token explain $TOKEN</pre></section>
<section><h2>Demo clients, APIs and users</h2><ul>
  <li>Clients: ${Object.keys(demo.clients).join(', ')}</li>
  <li>APIs: ${Object.values(demo.resources)
    .map(({ identifier }) => identifier)
    .join(', ')}</li>
  <li>Users: ${Object.keys(demo.users).join(', ')}</li>
</ul>
<p class="soft small-text">Their secrets and passwords are in ${file}. To list all clients and users, run <strong>npx latchkey client list</strong> and <strong>npx latchkey user list</strong>. This command, in the shell from above, prints the password of alice:</p>
<pre>demo users.alice.password</pre></section>
<section><h2>Routes</h2><ul>${stack.routes.map((route) => routeItem(stack, route))}</ul></section>`;
}

function routeItem({ functions }: Stack, route: Route): Html {
  const { key, authorizer } = route;
  const name = 'function' in route ? functions.get(route.function)?.name : undefined;
  const target = 'upstream' in route ? `${route.upstream.origin}${route.upstream.path ?? ''}` : (name ?? 'this page');
  return html`<li><strong>${key}</strong> to ${target}${authorizer && ', behind the authorizer'}</li>`;
}
