/** Visible ASCII without what has to be encoded, so that it fits a header and a page; no fragment. RFC 6749 section 3.1.2 */
const URI = /^[a-z][a-z\d+.-]*:[\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+$/;

const LOOPBACK = /^http:\/\/(?<host>127\.0\.0\.1|\[::1\]|localhost)(?<port>:\d{1,5})?(?<rest>[/?].*)?$/;

/** A scheme that is a domain name turned around belongs to whoever has the domain. RFC 8252 section 7.1 */
const PRIVATE_USE = /^[a-z][a-z\d-]*(\.[a-z\d-]+)+:/;

/**
 * Whether a text may be registered as a redirect URI: https, http on loopback, or a private-use scheme; without user and
 * fragment. RFC 8252 section 7
 */
export function isRedirectUri(text: string): boolean {
  if (!URI.test(text) || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  if (username || password) return false;
  return protocol === 'https:' || LOOPBACK.test(text) || PRIVATE_USE.test(text);
}

/**
 * Whether a requested redirect URI is one of those registered: character by character, but for the port on loopback, which
 * a native app gets from its system. RFC 9700 section 2.1, RFC 8252 section 7.3
 */
export const matchesRedirectUri = (requested: string, registered: readonly string[]): boolean =>
  isRedirectUri(requested) &&
  registered.some((uri) => uri === requested || (loopback(uri) !== undefined && loopback(uri) === loopback(requested)));

/** What of a redirect URI on loopback has to be equal. */
function loopback(uri: string): string | undefined {
  const { host, rest = '' } = LOOPBACK.exec(uri)?.groups ?? {};
  return host && URL.canParse(uri) ? host + rest : undefined;
}

/**
 * Whether another app on the user's machine could receive what is sent here in place of the client.
 * RFC 8252 sections 8.4 and 8.6
 */
export const isClaimableByOtherApp = (uri: string): boolean => !uri.startsWith('https:');

/** Where a redirect URI leads, as a source of a Content Security Policy, whose grammar has no IPv6 addresses. */
export function cspSource(uri: string): string {
  const { protocol, host } = new URL(uri);
  const hasHost = ['http:', 'https:'].includes(protocol) && !host.startsWith('[');
  return hasHost ? `${protocol}//${host}` : protocol;
}
