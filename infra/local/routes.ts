import { splitTarget } from './http-request.ts';
import type { Route } from './stack.ts';

export interface RouteMatch {
  route: Route;
  /** Decoded; undefined if the path of the route has no variables. */
  pathParameters?: Record<string, string>;
}

/**
 * Finds the most specific route for a request: a literal segment wins over `{variable}`, which wins over `{greedy+}`; a method
 * wins over `ANY`, and everything wins over `$default`. A path with a trailing slash is a different path.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
 */
export function matchRoute(routes: readonly Route[], method: string, target: string): RouteMatch | undefined {
  const segments = splitTarget(target).path.split('/').slice(1);
  let best: (RouteMatch & { rank: string }) | undefined;
  for (const route of routes) {
    const [routeMethod, path] = route.key.split(' ');
    if (path === undefined ? route.key !== '$default' : routeMethod !== 'ANY' && routeMethod !== method) continue;
    const found = path === undefined ? { rank: '9' } : matchPath(path.split('/').slice(1), segments);
    if (!found) continue;
    const rank = found.rank + (routeMethod === 'ANY' ? '1' : '0');
    if (!best || rank < best.rank) best = { route, ...found, rank };
  }
  if (!best) return undefined;
  const { rank: _, ...match } = best;
  return match;
}

// Ranks are compared as strings. Each segment adds 0 for a literal, 1 for a variable, 2 for a greedy variable.
function matchPath(
  pattern: readonly string[],
  segments: readonly string[],
): { rank: string; pathParameters?: Record<string, string> } | undefined {
  const pathParameters: Record<string, string> = {};
  let rank = '';
  for (const [index, expected] of pattern.entries()) {
    const actual = segments[index];
    const [, name, greedy] = /^\{([^+}]+)(\+?)\}$/.exec(expected) ?? [];
    if (actual === undefined) return undefined;
    if (name === undefined) {
      if (decode(actual) !== expected) return undefined;
      rank += '0';
      continue;
    }
    const rest = greedy ? segments.slice(index).join('/') : actual;
    if (rest === '') return undefined;
    pathParameters[name] = decode(rest);
    rank += greedy ? '2' : '1';
    if (greedy) return { rank, pathParameters };
  }
  if (segments.length !== pattern.length) return undefined;
  return { rank, ...(Object.keys(pathParameters).length > 0 && { pathParameters }) };
}

/** Decodes percent encoding; returns text with malformed encoding unchanged. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
