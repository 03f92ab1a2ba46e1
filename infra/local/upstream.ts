// `--route 'GET /things=http://127.0.0.1:4000'`: a server of the user behind the authorizer of the local gateway.
import { METHODS } from 'node:http';
import { Problem } from '../problem.ts';
import type { ProxyRoute, Route, Stack, Upstream } from './stack.ts';

export interface UpstreamRoute {
  /** `GET /things/{id}` or `ANY /{proxy+}` */
  key: string;
  upstream: Upstream;
}

/** Milliseconds that an HTTP API waits for an answer. On AWS, no setting can raise this limit. */
const TIMEOUT = 30_000;

const methods = new Set(['ANY', ...METHODS]);

/** @throws Problem for a malformed route */
export function parseUpstreamRoute(text: string): UpstreamRoute {
  const wrong = (reason: string) => new Problem(`--route '${text}': ${reason}`);
  const [, method, path, url] = /^(\S+) +([^\s=]+)=(.+)$/.exec(text.trim()) ?? [];
  if (!method || !path || !url) throw wrong("write 'METHOD /path=URL', as in 'GET /things=http://127.0.0.1:4000'");
  if (!methods.has(method)) throw wrong(`${method} is not a method; write GET, POST ... or ANY`);
  if (!path.startsWith('/')) throw wrong('the path must begin with /');
  const variables = path.split('/').slice(1).map(variableOf);
  if (variables.includes(undefined)) throw wrong('a variable must be a whole segment of the path, as in /things/{id}');
  if (variables.slice(0, -1).some((name) => name?.endsWith('+'))) throw wrong('only the last segment can be {name+}');
  return { key: `${method} ${path}`, upstream: parseUpstream(url, variables as string[], wrong) };
}

/** `id` for `{id}`, `proxy+` for `{proxy+}`, an empty string for a literal; undefined for a stray brace. */
function variableOf(segment: string): string | undefined {
  if (!/[{}]/.test(segment)) return '';
  return /^\{(\w+\+?)\}$/.exec(segment)?.[1];
}

function parseUpstream(text: string, variables: readonly string[], wrong: (reason: string) => Problem): Upstream {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol)) throw wrong(`${text} is not an http or https URL`);
  if (url.username || url.password || url.search || url.hash) {
    throw wrong('the URL must not have a user, a query or a fragment');
  }
  // From the text, because a URL object would encode the braces.
  const path = text.replace(/^https?:\/\/[^/]*/i, '');
  const names = variables.map((name) => name.replace('+', ''));
  const unknown = [...path.matchAll(/\{([^}]*)\}/g)].find(([, name = '']) => !names.includes(name));
  if (unknown) throw wrong(`${unknown[0]} of the URL is not a variable of the path`);
  return { origin: url.origin, ...(path !== '' && { path }) };
}

/**
 * Adds routes to a stack, behind its authorizer. A CORS preflight carries no token, so `OPTIONS` requests for each path go to
 * the server without authorization.
 * @throws Problem for a path of the service itself, and for a route that is given twice
 */
export function addUpstreamRoutes(stack: Stack, added: readonly UpstreamRoute[]): Stack {
  if (added.length === 0) return stack;
  const authorizer = stack.routes.find((route) => route.authorizer)?.authorizer;
  if (!authorizer) throw new Problem('--route: serverless.yml has no route with an authorizer');
  const taken = new Set(stack.routes.map(pathOf));
  const routes: ProxyRoute[] = [];
  for (const { key, upstream } of added) {
    if (taken.has(pathOf({ key })))
      throw new Problem(`--route '${key}': this path belongs to the service itself; choose another one`);
    if (routes.some((route) => route.key === key)) throw new Problem(`--route '${key}' is given twice`);
    const isPreflight = key.startsWith('OPTIONS ');
    routes.push({ key, upstream, timeout: TIMEOUT, ...(!isPreflight && { authorizer }) });
  }
  const preflights = routes
    .map(({ key, upstream }) => ({ key: `OPTIONS ${pathOf({ key })}`, upstream, timeout: TIMEOUT }))
    .filter(({ key }, index, all) => all.findIndex((other) => other.key === key) === index)
    .filter(({ key }) => !routes.some((route) => route.key === key));
  return { ...stack, routes: [...stack.routes, ...routes, ...preflights] };
}

const pathOf = ({ key }: Pick<Route, 'key'>): string | undefined => key.split(' ')[1];
