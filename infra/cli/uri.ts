import { InvalidArgumentError } from 'commander';
import { whyNotPostLogoutRedirectUri, whyNotRedirectUri } from '../../lib/oauth/client-registration.ts';
import { isAllowableScheme, isClientUri } from '../../lib/oauth/redirect-uri.ts';

// Parsers for the URIs and origins that a client may register.

/** Whether the client may have the scheme is decided when all options are known. */
const unless = (whyNot: (uri: string, schemes: readonly string[]) => string | undefined) => (text: string) => {
  const reason = whyNot(text, [text.split(':')[0] ?? '']);
  if (reason === undefined) return text;
  throw new InvalidArgumentError(`The URI ${reason}.`);
};

/** A redirect URI. RFC 6749 section 3.1.2, RFC 8252 section 7 */
export const redirectUri = unless(whyNotRedirectUri);

/** A URI that a logout leads to. OpenID Connect RP-Initiated Logout section 3 */
export const postLogoutRedirectUri = unless(whyNotPostLogoutRedirectUri);

/** Of redirect URIs. */
export function scheme(text: string): string {
  if (isAllowableScheme(text)) return text;
  throw new InvalidArgumentError(
    'A scheme looks like cursor: small letters, digits, + and -, and none that browsers open themselves. One with a dot needs no permission.',
  );
}

/** The URL of a page or picture that a browser loads, or of an endpoint that the service calls. */
export function webUri(text: string): string {
  if (/^https?:/.test(text) && isClientUri(text)) return text;
  throw new InvalidArgumentError('The URL must be https (or http on loopback), without fragment or user.');
}

/** Of pages that come with an app (Capacitor, Ionic, Tauri) or with an extension of a browser. */
const APP_ORIGIN =
  /^((capacitor|ionic|tauri):\/\/[a-z\d.-]+|chrome-extension:\/\/[a-p]{32}|(moz|safari-web)-extension:\/\/[\dA-Fa-f-]{36})$/;

/** An origin as browsers send it. RFC 6454 section 6.2 */
export function origin(text: string): string {
  if (/^https?:/.test(text) && isClientUri(text) && new URL(text).origin === text) return text;
  if (APP_ORIGIN.test(text)) return text;
  throw new InvalidArgumentError(
    'An origin looks like https://app.example.com, without a path (http is allowed on loopback only), or is that of an app or extension: capacitor://localhost, ionic://localhost, tauri://localhost, chrome-extension://ID, moz-extension://ID, safari-web-extension://ID.',
  );
}
