import type { KeyObject } from 'node:crypto';
import { decodeBase64url } from '../base64url.ts';
import { InvalidToken } from '../oauth/errors.ts';
import { decodeJson, hasSegments, type Json } from './compact.ts';
import type { JweAlgorithms, JweHeader } from './jwe-cipher.ts';

/** The one way in which contents are encrypted. RFC 7518 section 5.3. */
export const ENC = 'A256GCM';

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** The beginning of a sealed token: its header begins with `alg`, and twelve bytes are sixteen characters. */
const DIRECT = Buffer.from('{"alg":"dir"').toString('base64url');

/** Five segments; `dir` tells those that are encrypted by a shared key from those that are encrypted to a public one. */
export const isJwe = (token: string, { direct }: { direct: boolean }): boolean =>
  hasSegments(token, 5) && token.startsWith(DIRECT) === direct;

/** What is in a JWE for everybody to see. */
export interface Jwe {
  readonly header: Json;
  readonly encryptedKey: Buffer;
}

/**
 * Reads a JWE in compact form (RFC 7516 section 7.1) without any cryptography, and refuses what is not encoded as we do it.
 * Which header members it may have is for the format to say: each knows its own, so `zip`, `p2c`, `jwk` and the like are
 * refused there, before a key is touched.
 * @throws InvalidToken
 */
export function parseJwe(token: string): Jwe {
  const [header = '', encryptedKey = '', iv = '', ciphertext = '', tag = ''] = token.split('.', 5);
  const jwe = { header: decodeJson(header, 'header'), encryptedKey: decode(encryptedKey, 'encrypted key') };
  if (decode(iv, 'IV').length !== IV_BYTES) throw new InvalidToken('has an IV of another length');
  if (decode(ciphertext, 'ciphertext').length === 0) throw new InvalidToken('has no ciphertext');
  if (decode(tag, 'tag').length !== TAG_BYTES) throw new InvalidToken('has a tag of another length');
  return jwe;
}

function decode(segment: string, part: string): Buffer {
  const bytes = decodeBase64url(segment);
  if (!bytes) throw new InvalidToken(`has a ${part} that is not base64url`);
  return bytes;
}

/** Loaded with the first encrypted token: those who issue and accept none do not wait for a library. */
const loadCipher = () => import('./jwe-cipher.ts');

export async function encryptJwe(plaintext: string, header: JweHeader, key: KeyObject): Promise<string> {
  const { encrypt } = await loadCipher();
  return encrypt(plaintext, header, key);
}

/** @throws InvalidToken: the key was tried when it was loaded, so whatever is wrong is wrong with the token */
export async function decryptJwe(token: string, algorithms: JweAlgorithms, key: KeyObject): Promise<Buffer> {
  const { decrypt } = await loadCipher();
  try {
    return await decrypt(token, algorithms, key);
  } catch {
    throw new InvalidToken('cannot be decrypted');
  }
}
