// Makes JWEs that may be wrong on purpose, but are properly encrypted. Uses node:crypto only, so that the tests rely on neither
// lib nor jose.

import {
  constants,
  createCipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import { newKeyPair } from '../../infra/key-pair.ts';
import { type Json, segment } from './forge.ts';
import { DECRYPTION_KEYS, encryptionVariables, ISSUER } from './world.ts';

/** The recipient of a JWE, and how it gets the content encryption key. */
export interface Recipient {
  readonly alg: string;
  readonly kid: string;
  /** @returns the content encryption key, the encrypted key for the second segment, and further header members */
  agree(cekBytes: number): { cek: Buffer; encryptedKey: Buffer; header?: Json };
}

export function rsaRecipient(
  publicKey: KeyObject,
  { kid = 'of-billing', alg = 'RSA-OAEP-256', oaepHash = 'sha256' } = {},
): Recipient {
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  return {
    alg,
    kid,
    agree(cekBytes) {
      const cek = randomBytes(cekBytes);
      return { cek, encryptedKey: publicEncrypt({ key: publicKey, padding, oaepHash }, cek) };
    },
  };
}

const WRAPS: Record<string, { bytes: number; cipher: string }> = {
  'ECDH-ES+A128KW': { bytes: 16, cipher: 'id-aes128-wrap' },
  'ECDH-ES+A256KW': { bytes: 32, cipher: 'id-aes256-wrap' },
};

/** RFC 7518 section 4.6. `ECDH-ES` alone means direct key agreement, without a wrapped key. */
export function ecdhRecipient(
  publicKey: KeyObject,
  { kid = 'of-orders', alg = 'ECDH-ES+A256KW', enc = 'A256GCM' } = {},
): Recipient {
  return {
    alg,
    kid,
    agree(cekBytes) {
      const namedCurve = publicKey.asymmetricKeyDetails?.namedCurve ?? '';
      const ephemeral = newKeyPair('ec', { namedCurve });
      const z = diffieHellman({ privateKey: ephemeral.privateKey, publicKey });
      const { kty, crv, x, y } = ephemeral.publicKey.export({ format: 'jwk' });
      const header = { epk: { x, crv, kty, y } };
      const wrap = WRAPS[alg];
      if (!wrap) return { cek: concatKdf(z, enc, cekBytes), encryptedKey: Buffer.alloc(0), header };
      const cek = randomBytes(cekBytes);
      const cipher = createCipheriv(wrap.cipher, concatKdf(z, alg, wrap.bytes), Buffer.alloc(8, 0xa6));
      return { cek, encryptedKey: Buffer.concat([cipher.update(cek), cipher.final()]), header };
    },
  };
}

const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

const concatKdf = (z: Buffer, id: string, bytes: number) =>
  createHash('sha256')
    .update(Buffer.concat([uint32(1), z, uint32(id.length), Buffer.from(id), uint32(0), uint32(0), uint32(8 * bytes)]))
    .digest()
    .subarray(0, bytes);

export const directRecipient = (cek: Buffer, kid = RING_KEY_ID): Recipient => ({
  alg: 'dir',
  kid,
  agree: (cekBytes) => ({ cek: cek.subarray(0, cekBytes), encryptedKey: Buffer.alloc(0) }),
});

const publicKeyOf = (jwk: (typeof DECRYPTION_KEYS)['orders']) =>
  createPublicKey(createPrivateKey({ key: { ...jwk }, format: 'jwk' }));

export const ORDERS_KEY = publicKeyOf(DECRYPTION_KEYS.orders);
export const BILLING_KEY = publicKeyOf(DECRYPTION_KEYS.billing);

const RING_KEY = Buffer.from(encryptionVariables.SEALING_KEYS, 'base64url');
/** The id that the documented derivation gives to a key of the ring. */
export const ringKeyId = (secret: Buffer): string =>
  createHash('sha256').update('latchkey sealing key id\0').update(secret).digest().toString('base64url', 0, 4);
export const RING_KEY_ID = ringKeyId(RING_KEY);

/** An independent implementation of the documented derivation. */
export const derivedKey = (audience: string, { secret = RING_KEY, issuer = ISSUER } = {}): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', `latchkey sealed access token\0${issuer}\0${audience}`, 32));

/** The five segments, before they are joined. */
export type Segments = [header: string, encryptedKey: string, iv: string, ciphertext: string, tag: string];

export interface JweOptions {
  /** Members that replace or extend the proper ones; `undefined` removes a member. */
  readonly header?: Json;
  /** Changes the serialized header. */
  readonly headerText?: (json: string) => string | Buffer;
  readonly ivBytes?: number;
  readonly cekBytes?: 16 | 24 | 32;
}

/** Encrypts a plaintext under any header. The authentication tag covers the header as it is. */
export function encryptJwe(
  recipient: Recipient,
  plaintext: string | Buffer,
  { header = {}, headerText = (json) => json, ivBytes = 12, cekBytes = 32 }: JweOptions = {},
): Segments {
  const { cek, encryptedKey, header: agreed } = recipient.agree(cekBytes);
  const members = { alg: recipient.alg, enc: 'A256GCM', kid: recipient.kid, ...agreed, ...header };
  const protectedHeader = segment(headerText(JSON.stringify(members)));
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv(`aes-${8 * cekBytes}-gcm` as 'aes-256-gcm', cek, iv);
  cipher.setAAD(Buffer.from(protectedHeader));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return [protectedHeader, ...[encryptedKey, iv, ciphertext, cipher.getAuthTag()].map(segment)] as Segments;
}
