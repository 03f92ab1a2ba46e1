import { InvalidArgumentError } from 'commander';
import { isRedirectUri } from '../../lib/oauth/redirect-uri.ts';

// What a client may register as the URIs that its users are sent to, and the origins its pages call from.

/** Where a browser may be sent with an answer. RFC 6749 section 3.1.2, RFC 8252 section 7 */
export function redirectUri(text: string): string {
  if (isRedirectUri(text)) return text;
  throw new InvalidArgumentError(
    'It must be https, http on loopback, or a private-use scheme like com.example.app:/cb, without fragment or user.',
  );
}

/** A page or picture that a browser loads, or an endpoint that the service calls. */
export function webUri(text: string): string {
  if (/^https?:/.test(text) && isRedirectUri(text)) return text;
  throw new InvalidArgumentError('It must be an https URL (http is for loopback), without fragment or user.');
}

/** An origin as browsers send it. RFC 6454 section 6.2 */
export function origin(text: string): string {
  if (/^https?:/.test(text) && isRedirectUri(text) && new URL(text).origin === text) return text;
  throw new InvalidArgumentError(
    'An origin reads like https://app.example.com, without a path (http is for loopback).',
  );
}
