import type { KeyObject } from 'node:crypto';
import { CompactEncrypt, type CompactJWEHeaderParameters, compactDecrypt } from 'jose';
import { InvalidToken } from '../oauth/errors.ts';

// All that is used of jose. RFC 7516 sections 5.1 and 5.2.

/** How the content key is found, and how the content is encrypted by it. */
export interface JweAlgorithms {
  readonly alg: string;
  readonly enc: string;
}

export const encrypt = (plaintext: string, header: CompactJWEHeaderParameters, key: KeyObject): Promise<string> =>
  new CompactEncrypt(Buffer.from(plaintext)).setProtectedHeader(header).encrypt(key);

/** @throws InvalidToken: the key was tried when it was loaded, so whatever is wrong is wrong with the token */
export async function decrypt(token: string, { alg, enc }: JweAlgorithms, key: KeyObject): Promise<Buffer> {
  const options = { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc] };
  try {
    return Buffer.from((await compactDecrypt(token, key, options)).plaintext);
  } catch {
    throw new InvalidToken('cannot be decrypted');
  }
}
