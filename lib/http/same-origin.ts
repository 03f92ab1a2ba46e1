import type { HttpRequest } from './message.ts';

/** By `Origin` and `Sec-Fetch-Site`, which very old browsers do not send; their forms pass. Fetch Metadata section 2.1 */
export function isSameOrigin({ header }: HttpRequest, issuer: string): boolean {
  const { origin } = new URL(issuer);
  return (
    header('origin').every((value) => value === origin) &&
    header('sec-fetch-site').every((value) => value === 'same-origin')
  );
}
