import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

// Ed25519 keys as their 32 bytes (RFC 8032 section 5.1.5), as short as possible, because most functions have the public one.

/** PKCS#8 up to the private key. RFC 8410 section 7 */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

export const privateRegistryKey = (seed: Buffer): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });

export const publicRegistryKey = (bytes: Buffer): KeyObject =>
  createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') }, format: 'jwk' });

/** As in `REGISTRY_KEYS`. @param key either half */
export function registryKeyText(key: KeyObject): string | undefined {
  if (key.asymmetricKeyType !== 'ed25519') return undefined;
  return (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' }).x;
}
