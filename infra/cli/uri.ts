import { InvalidArgumentError } from 'commander';
import { isRedirectUri } from '../../lib/oauth/redirect-uri.ts';

// Parsers for the URIs and origins that a client may register.

/** A redirect URI. RFC 6749 section 3.1.2, RFC 8252 section 7 */
export function redirectUri(text: string): string {
  if (isRedirectUri(text)) return text;
  throw new InvalidArgumentError(
    'The URI must be https, http on loopback, or have a private-use scheme like com.example.app:/cb, without fragment or user.',
  );
}

/** The URL of a page or picture that a browser loads, or of an endpoint that the service calls. */
export function webUri(text: string): string {
  if (/^https?:/.test(text) && isRedirectUri(text)) return text;
  throw new InvalidArgumentError('The URL must be https (or http on loopback), without fragment or user.');
}

/** An origin as browsers send it. RFC 6454 section 6.2 */
export function origin(text: string): string {
  if (/^https?:/.test(text) && isRedirectUri(text) && new URL(text).origin === text) return text;
  throw new InvalidArgumentError(
    'An origin looks like https://app.example.com, without a path (http is allowed on loopback only).',
  );
}
