const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Whether a logout token may be sent to a URI: https without user information and fragment. http is allowed only to loopback,
 * and only when the issuer is on loopback too, because in Lambda the runtime listens there. Addresses in private networks are
 * allowed: only the operator registers URIs, and a host needs a certificate to receive anything. OpenID Connect Back-Channel
 * Logout section 2.2
 */
export function isBackchannelUri(uri: string, issuer: string): boolean {
  if (!URL.canParse(uri)) return false;
  const { protocol, hostname, username, password } = new URL(uri);
  if (username || password || uri.includes('#')) return false;
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK_HOSTS.has(hostname) && issuer.startsWith('http:'));
}
