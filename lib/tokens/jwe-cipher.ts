import type { KeyObject } from 'node:crypto';
import { CompactEncrypt, type CompactJWEHeaderParameters, compactDecrypt } from 'jose';

// The only use of jose. RFC 7516 sections 5.1 and 5.2. A bundle of its own (infra/build.mjs), so importing more of Latchkey
// would bundle it twice.

export interface JweAlgorithms {
  readonly alg: string;
  readonly enc: string;
}

export type JweHeader = CompactJWEHeaderParameters;

export const encrypt = (plaintext: string, header: JweHeader, key: KeyObject): Promise<string> =>
  new CompactEncrypt(Buffer.from(plaintext)).setProtectedHeader(header).encrypt(key);

/** @throws the errors of jose */
export async function decrypt(token: string, { alg, enc }: JweAlgorithms, key: KeyObject): Promise<Buffer> {
  const options = { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc] };
  return Buffer.from((await compactDecrypt(token, key, options)).plaintext);
}
