import type { KeyObject } from 'node:crypto';
import { decodeBase64url } from '../base64url.ts';
import { InvalidToken } from '../oauth/errors.ts';
import { decodeJson, hasSegments, type Json } from './compact.ts';
import type { JweAlgorithms, JweHeader } from './jwe-cipher.ts';

/** RFC 7518 section 5.3 */
export const ENC = 'A256GCM';

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Of a sealed token, whose header begins with `alg`: twelve bytes are exactly sixteen characters. */
const DIRECT = Buffer.from('{"alg":"dir"').toString('base64url');

/** @param direct encrypted with a shared key (`dir`), or else to a public key */
export const isJwe = (token: string, { direct }: { direct: boolean }): boolean =>
  hasSegments(token, 5) && token.startsWith(DIRECT) === direct;

export interface Jwe {
  readonly header: Json;
  readonly encryptedKey: Buffer;
}

/**
 * RFC 7516 section 7.1, without cryptography. Each format accepts only the header members that it writes, so `zip`, `p2c`,
 * `jwk` and the like are refused before a key is used. @throws InvalidToken
 */
export function parseJwe(token: string): Jwe {
  const [header = '', encryptedKey = '', iv = '', ciphertext = '', tag = ''] = token.split('.', 5);
  const jwe = { header: decodeJson(header, 'header'), encryptedKey: decode(encryptedKey, 'encrypted key') };
  if (decode(iv, 'IV').length !== IV_BYTES) throw new InvalidToken('has an IV of the wrong length');
  if (decode(ciphertext, 'ciphertext').length === 0) throw new InvalidToken('has no ciphertext');
  if (decode(tag, 'tag').length !== TAG_BYTES) throw new InvalidToken('has a tag of the wrong length');
  return jwe;
}

function decode(segment: string, part: string): Buffer {
  const bytes = decodeBase64url(segment);
  if (!bytes) throw new InvalidToken(`has a ${part} that is not base64url`);
  return bytes;
}

/** Functions without encrypted tokens do not wait for the library. */
const loadCipher = () => import('./jwe-cipher.ts');

export async function encryptJwe(plaintext: string, header: JweHeader, key: KeyObject): Promise<string> {
  const { encrypt } = await loadCipher();
  return encrypt(plaintext, header, key);
}

/** @throws InvalidToken for any failure, because the key was validated when it was loaded */
export async function decryptJwe(token: string, algorithms: JweAlgorithms, key: KeyObject): Promise<Buffer> {
  const { decrypt } = await loadCipher();
  try {
    return await decrypt(token, algorithms, key);
  } catch {
    throw new InvalidToken('cannot be decrypted');
  }
}
