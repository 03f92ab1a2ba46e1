import { responseParameters } from './response-parameters.ts';

/** Visible ASCII without characters that a header or a page would have to encode; no fragment. RFC 6749 section 3.1.2 */
const URI = /^[a-z][a-z\d+.-]*:[\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+$/;

const LOOPBACK = /^http:\/\/(?<host>127\.0\.0\.1|\[::1\]|localhost)(?<port>:\d{1,5})?(?<rest>[/?].*)?$/;

/** A reversed domain name as the scheme, because only that shows whose scheme it is. RFC 8252 section 7.1 */
const PRIVATE_USE = /^[a-z][a-z\d-]*(\.[a-z\d-]+)+:/;

/**
 * Whether a browser or app may be sent to a URI of a client: https, http on loopback, or a private-use scheme; without user
 * information and fragment. RFC 8252 section 7
 */
export function isClientUri(text: string): boolean {
  if (!URI.test(text) || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  if (username || password) return false;
  return protocol === 'https:' || LOOPBACK.test(text) || PRIVATE_USE.test(text);
}

/** Why a text may not be registered as a URI to redirect to. */
export type RedirectUriFault = 'form' | 'wildcard' | 'parameter';

/** Nobody should believe that a wildcard stands for anything, and no parameter may occur twice. RFC 6749 section 3.1 */
const faultOf = (text: string, added: readonly string[]): RedirectUriFault | undefined => {
  if (!isClientUri(text)) return 'form';
  if (text.includes('*')) return 'wildcard';
  return added.some((name) => new URL(text).searchParams.has(name)) ? 'parameter' : undefined;
};

/** @returns undefined for a text that may be registered as a redirect URI */
export const redirectUriFault = (text: string): RedirectUriFault | undefined => faultOf(text, responseParameters);

/** The same for a URI that a logout leads to, which is given `state`. OpenID Connect RP-Initiated Logout section 3 */
export const postLogoutRedirectUriFault = (text: string): RedirectUriFault | undefined => faultOf(text, ['state']);

/**
 * Whether a requested redirect URI is one of those registered. Compared character by character, except for the port on loopback,
 * which a native app gets from the operating system. RFC 9700 section 2.1, RFC 8252 section 7.3
 */
export const matchesRedirectUri = (requested: string, registered: readonly string[]): boolean =>
  redirectUriFault(requested) === undefined &&
  registered.some((uri) => uri === requested || (loopback(uri) !== undefined && loopback(uri) === loopback(requested)));

/** The same after a logout, without that exception. OpenID Connect RP-Initiated Logout section 3 */
export const matchesPostLogoutRedirectUri = (requested: string, registered: readonly string[]): boolean =>
  postLogoutRedirectUriFault(requested) === undefined && registered.includes(requested);

/** The part of a redirect URI on loopback that has to be equal: everything but the port. */
function loopback(uri: string): string | undefined {
  const { host, rest = '' } = LOOPBACK.exec(uri)?.groups ?? {};
  return host && URL.canParse(uri) ? host + rest : undefined;
}

/**
 * Whether another app on the user's device could receive what is sent to this redirect URI. RFC 8252 sections 8.4 and 8.6
 */
export const isClaimableByOtherApp = (uri: string): boolean => !uri.startsWith('https:');

/** The source that allows a redirect URI in a Content Security Policy. Its grammar has no IPv6 addresses. */
export function cspSource(uri: string): string {
  const { protocol, host } = new URL(uri);
  const hasHost = ['http:', 'https:'].includes(protocol) && !host.startsWith('[');
  return hasHost ? `${protocol}//${host}` : protocol;
}
