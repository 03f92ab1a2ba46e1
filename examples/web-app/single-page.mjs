// The same without a server, on the unmodified library oidc-client-ts: for the client `spa`, which is public.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The file of the package that is meant for `<script>`. */
function library() {
  const main = createRequire(import.meta.url).resolve('oidc-client-ts');
  return readFileSync(join(dirname(main), '../browser/oidc-client-ts.min.js'));
}

const own = (name) => () => readFileSync(new URL(name, import.meta.url));

const JAVASCRIPT = 'text/javascript; charset=utf-8';

const files = {
  '/spa': { type: 'text/html; charset=utf-8', read: own('single-page.html') },
  '/spa/app.js': { type: JAVASCRIPT, read: own('single-page.js') },
  '/spa/oidc-client-ts.js': { type: JAVASCRIPT, read: library },
};

/**
 * A file of the single-page app, or undefined.
 * @param api what the app calls with its access token: the userinfo endpoint unless there is another
 */
export function findFile(path, { issuer, client_id, api = `${issuer}/userinfo` }) {
  if (path === '/spa/settings.json') {
    const body = JSON.stringify({ authority: issuer, client_id, api });
    return { headers: { 'content-type': 'application/json' }, body };
  }
  const file = Object.hasOwn(files, path) ? files[path] : undefined;
  if (!file) return undefined;
  const policy = `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ${issuer} ${new URL(api).origin}; base-uri 'none'; frame-ancestors 'none'`;
  return { headers: { 'content-type': file.type, 'content-security-policy': policy }, body: file.read() };
}
