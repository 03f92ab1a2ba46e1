// Ciphertexts of symmetric keys. The form is made up, because AWS does not document that of KMS and no code depends on it.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { KmsError } from './kms-error.ts';

/** https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html */
export type EncryptionContext = Readonly<Record<string, string>>;

const ID_BYTES = 36;
const IV_BYTES = 12;
const TAG_BYTES = 16;

const associatedData = (context: EncryptionContext) =>
  Buffer.from(JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))));

export function encrypt(keyId: string, secret: Buffer, plaintext: Buffer, context: EncryptionContext): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', secret, iv).setAAD(associatedData(context));
  const text = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([Buffer.from(keyId), iv, cipher.getAuthTag(), text]);
}

/** The id of the key that made a ciphertext. KMS finds it in the ciphertext, too. */
export const keyIdOf = (ciphertext: Buffer) => ciphertext.toString('latin1', 0, ID_BYTES);

/** @throws KmsError InvalidCiphertextException for an altered ciphertext or another encryption context */
export function decrypt(secret: Buffer, ciphertext: Buffer, context: EncryptionContext): Buffer {
  try {
    const iv = ciphertext.subarray(ID_BYTES, ID_BYTES + IV_BYTES);
    const tag = ciphertext.subarray(ID_BYTES + IV_BYTES, ID_BYTES + IV_BYTES + TAG_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', secret, iv).setAAD(associatedData(context)).setAuthTag(tag);
    return Buffer.concat([decipher.update(ciphertext.subarray(ID_BYTES + IV_BYTES + TAG_BYTES)), decipher.final()]);
  } catch {
    throw invalidCiphertext();
  }
}

export const invalidCiphertext = () => new KmsError('InvalidCiphertextException', '');
