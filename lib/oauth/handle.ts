import { createHash, createHmac, createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import { decodeBase64url } from './base64url.ts';

/** What a handle can be, with the prefix that tells it to people and to secret scanners. */
const prefixes = { reference_token: 'lk_at_' } as const satisfies Record<string, `lk_${string}_`>;

export type HandleKind = keyof typeof prefixes;

/** A handle's content, once its MAC has been verified. `id` is base64url; `key` names the handle key that minted it. */
export interface Handle {
  readonly id: string;
  readonly key: string;
}

/** Mints and parses opaque artefacts: prefix, then base64url of key id, id and MAC. DESIGN.md section 3. */
export interface Handles {
  /** A new handle with a random id of 128 bits. */
  mint(kind: HandleKind): Handle & { readonly text: string };
  /** The content of a handle that we minted as this kind; undefined for anything else. Reads nothing. */
  parse(kind: HandleKind, text: string): Handle | undefined;
}

const KEY_ID_BYTES = 4;
const ID_BYTES = 16;
const MAC_BYTES = 16;
const CONTENT_BYTES = KEY_ID_BYTES + ID_BYTES;

/** Whether the text looks like a handle of this kind; says nothing of its authenticity. */
export const hasHandlePrefix = (kind: HandleKind, text: string): boolean => text.startsWith(prefixes[kind]);

/** A new random identifier of 128 bits, base64url: what `jti` and grant ids are made of. */
export const randomId = (): string => randomBytes(ID_BYTES).toString('base64url');

/** @param secrets handle keys of 32 bytes; the first one mints, all of them verify */
export function createHandles(issuer: string, secrets: readonly [Buffer, ...Buffer[]]): Handles {
  // As KeyObjects, because to import a secret takes longer than the MAC.
  const keys = secrets.map((secret) => ({ id: keyId(secret), secret: createSecretKey(secret) }));
  const [minting = unreachable()] = keys;
  const byId = new Map(keys.map((key) => [key.id.toString('base64url'), key.secret]));

  const mac = (secret: KeyObject, kind: HandleKind, content: Buffer) =>
    createHmac('sha256', secret).update(`${kind}\0${issuer}\0`).update(content).digest().subarray(0, MAC_BYTES);

  const describe = (content: Buffer): Handle => ({
    key: content.toString('base64url', 0, KEY_ID_BYTES),
    id: content.toString('base64url', KEY_ID_BYTES, CONTENT_BYTES),
  });

  return {
    mint(kind) {
      const content = Buffer.concat([minting.id, randomBytes(ID_BYTES)]);
      const bytes = Buffer.concat([content, mac(minting.secret, kind, content)]);
      return { text: prefixes[kind] + bytes.toString('base64url'), ...describe(content) };
    },

    parse(kind, text) {
      if (!hasHandlePrefix(kind, text)) return undefined;
      const bytes = decodeBase64url(text.slice(prefixes[kind].length));
      if (bytes?.length !== CONTENT_BYTES + MAC_BYTES) return undefined;
      const content = bytes.subarray(0, CONTENT_BYTES);
      const handle = describe(content);
      const secret = byId.get(handle.key);
      if (!secret || !timingSafeEqual(mac(secret, kind, content), bytes.subarray(CONTENT_BYTES))) return undefined;
      return handle;
    },
  };
}

const keyId = (secret: Buffer) =>
  createHash('sha256').update('latchkey handle key id\0').update(secret).digest().subarray(0, KEY_ID_BYTES);

function unreachable(): never {
  throw new Error('no handle key');
}
