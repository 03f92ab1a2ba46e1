import type { HttpRequest } from './message.ts';

/**
 * By `Origin` and `Sec-Fetch-Site`, which very old browsers do not send; their forms pass. Fetch Metadata section 2.1.
 * The origin is `null` if a proxy replaced the policy of referrers by `no-referrer`. Fetch section 3.2
 */
export function isSameOrigin({ header }: HttpRequest, issuer: string): boolean {
  const { origin } = new URL(issuer);
  const sites = header('sec-fetch-site');
  const isOwn = (value: string) => value === origin || (value === 'null' && sites.length > 0);
  return header('origin').every(isOwn) && sites.every((value) => value === 'same-origin');
}
