import { createHash, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

/** Makes the MACs of handles. A KeyObject, because importing a secret takes longer than computing the MAC. */
export interface HandleKey {
  readonly id: Buffer;
  readonly key: KeyObject;
  /** One key for all kinds of handles, as in version 0.1.0. */
  readonly isOld: boolean;
}

export const KEY_ID_BYTES = 4;
const KEY_BYTES = 32;

/** HKDF-SHA-256 (RFC 5869). A secret that is used for two kinds or issuers still makes two keys. */
export const createHandleKey = (secret: Buffer, issuer: string, kind: string): HandleKey => ({
  id: keyId(`${kind}\0`, secret),
  key: createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', `latchkey handle\0${issuer}\0${kind}`, KEY_BYTES))),
  isOld: false,
});

export const createOldHandleKey = (secret: Buffer): HandleKey => ({
  id: keyId('', secret),
  key: createSecretKey(secret),
  isOld: true,
});

/** It reveals nothing about the key. */
export const handleKeyId = (secret: Buffer, kind: string): string => keyId(`${kind}\0`, secret).toString('base64url');

export const oldHandleKeyId = (secret: Buffer): string => keyId('', secret).toString('base64url');

const keyId = (label: string, secret: Buffer) =>
  createHash('sha256').update(`latchkey handle key id\0${label}`).update(secret).digest().subarray(0, KEY_ID_BYTES);
