import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { newKeyPair } from '../../infra/key-pair.ts';
import fixtures from '../fixtures/rsa-keys.json' with { type: 'json' };

type Kind = keyof typeof fixtures;

let taken = 0;

/**
 * An RSA key pair from a file, because making one takes a tenth of a second, or seconds when it is long. Keys are taken in turn, so that consecutive calls
 * give different keys.
 */
export function rsaKeyPair(kind: Kind = '2048 bits'): { privateKey: KeyObject; publicKey: KeyObject } {
  const keys = fixtures[kind];
  const key = Buffer.from(keys[taken++ % keys.length] ?? '', 'base64');
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/** For the stand-in for KMS: takes a key from the file if there are several of that size. */
export function makeRsaKey(modulusLength: number): KeyObject {
  const kind = sizes.get(modulusLength);
  return kind ? rsaKeyPair(kind).privateKey : newKeyPair('rsa', { modulusLength }).privateKey;
}

const sizes = new Map<number, Kind>([
  [2048, '2048 bits'],
  [3072, '3072 bits'],
  [4096, '4096 bits'],
]);
