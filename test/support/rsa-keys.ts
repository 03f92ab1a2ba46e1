import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

type Kind = '2048 bits' | '1024 bits' | 'exponent 3';

const fixtures = JSON.parse(readFileSync(new URL('../fixtures/rsa-keys.json', import.meta.url), 'utf8')) as Readonly<
  Record<Kind, readonly string[]>
>;

let taken = 0;

/**
 * An RSA key pair from a file, because making one takes a tenth of a second. Keys are taken in turn, so that consecutive calls
 * give different keys.
 */
export function rsaKeyPair(kind: Kind = '2048 bits'): { privateKey: KeyObject; publicKey: KeyObject } {
  const keys = fixtures[kind];
  const key = Buffer.from(keys[taken++ % keys.length] ?? '', 'base64');
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/** For the stand-in for KMS: takes a key from the file if there is one of that size. */
export const makeRsaKey = (modulusLength: number): KeyObject =>
  modulusLength === 2048 ? rsaKeyPair().privateKey : generateKeyPairSync('rsa', { modulusLength }).privateKey;
