const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

/** http only if the issuer is on loopback, too. Only the operator registers URIs, so they may lead to private networks. */
export function isBackchannelUri(uri: string, issuer: string): boolean {
  if (!URL.canParse(uri)) return false;
  const { protocol, hostname, username, password } = new URL(uri);
  if (username || password || uri.includes('#')) return false;
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK_HOSTS.has(hostname) && issuer.startsWith('http:'));
}
