const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Whether a logout token may be sent there: https, without user and fragment; http only to loopback, and only by a service
 * that is on loopback itself, because in Lambda other things than clients listen there. OpenID Connect Back-Channel Logout
 * section 2.2. Addresses of private networks are not told from others: URIs are registered by the operator, and to answer
 * there takes a certificate for the name.
 */
export function isBackchannelUri(uri: string, issuer: string): boolean {
  if (!URL.canParse(uri)) return false;
  const { protocol, hostname, username, password } = new URL(uri);
  if (username || password || uri.includes('#')) return false;
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname) && issuer.startsWith('http:'));
}
