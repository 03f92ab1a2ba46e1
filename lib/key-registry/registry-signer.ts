import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { KeyError } from '../keys/jwk.ts';
import { registryKeyText } from '../keys/registry-key.ts';
import type { Kms } from '../kms/kms.ts';
import type { SignRegistry } from './management.ts';

export const registrySigner =
  (key: KeyObject): SignRegistry =>
  async (data) =>
    sign(null, data, key);

/** @param id of a key of the spec ECC_NIST_EDWARDS25519 */
export const registrySignerInKms =
  (id: string, kms: Pick<Kms, 'sign'>): SignRegistry =>
  (data) =>
    kms.sign(id, { algorithm: 'ED25519_SHA_512', type: 'RAW', message: data });

/** The public half, as in `REGISTRY_KEYS`. @throws Unavailable; KeyError for a key of another kind */
export async function registryKeyInKms(id: string, kms: Pick<Kms, 'getPublicKey'>): Promise<string> {
  const { spki, usage } = await kms.getPublicKey(id);
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  const text = usage === 'SIGN_VERIFY' ? registryKeyText(key) : undefined;
  if (text === undefined)
    throw new KeyError(JSON.stringify(id), 'is not of the spec ECC_NIST_EDWARDS25519 for signatures');
  return text;
}
