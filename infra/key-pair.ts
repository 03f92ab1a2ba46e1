import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

type Kind = 'rsa' | 'ec' | 'ed25519' | 'x25519';

/**
 * A new key pair. Only here, because Node 20 can hang for ever when a key that `generateKeyPairSync` has returned is exported: if
 * garbage is collected meanwhile, the job that made the key is deleted and waits for the lock that the export holds. So the job
 * exports the key itself, and it is imported again.
 */
export function newKeyPair(
  kind: Kind,
  options: { readonly namedCurve?: string; readonly modulusLength?: number; readonly publicExponent?: number } = {},
): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  // The types know each kind by itself only.
  const { privateKey: key } = generateKeyPairSync(kind as 'ec', {
    ...(options as { namedCurve: string }),
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  });
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}
