import type { Request } from './message.ts';

/** Whether the browser says that a form is from this service. Very old browsers say nothing. Fetch Metadata section 2.1 */
export function isSameOrigin({ header }: Request, issuer: string): boolean {
  const { origin } = new URL(issuer);
  return (
    header('origin').every((value) => value === origin) &&
    header('sec-fetch-site').every((value) => value === 'same-origin')
  );
}
