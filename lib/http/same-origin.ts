import type { HttpRequest } from './message.ts';

/**
 * Whether a form comes from a page of this service, by the headers `Origin` and `Sec-Fetch-Site`. Very old browsers send
 * neither; their forms pass. Fetch Metadata section 2.1
 */
export function isSameOrigin({ header }: HttpRequest, issuer: string): boolean {
  const { origin } = new URL(issuer);
  return (
    header('origin').every((value) => value === origin) &&
    header('sec-fetch-site').every((value) => value === 'same-origin')
  );
}
