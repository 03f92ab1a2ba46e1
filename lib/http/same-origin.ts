import type { Request } from './message.ts';

/** Whether a form was on a page of ours, as far as the browser says: all that are not very old do. Fetch Metadata section 2.1 */
export function isSameOrigin({ header }: Request, issuer: string): boolean {
  const { origin } = new URL(issuer);
  return (
    header('origin').every((value) => value === origin) &&
    header('sec-fetch-site').every((value) => value === 'same-origin')
  );
}
