import { createHash, createHmac, createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import { decodeBase64url } from '../base64url.ts';
import { withPlainId } from './plain-id.ts';

/** Bytes of a new random identifier, and of the id of a grant, which ends in a tag of its subject. */
export const ID_BYTES = 16;
export const GRANT_ID_BYTES = 24;

interface Kind {
  /** Tells it to people and to secret scanners. */
  readonly prefix: `lk_${string}_`;
  readonly idBytes: number;
  /** Whether it counts: one handle for each generation of the same id. */
  readonly counts?: true;
}

/** What a handle can be. */
const kinds = {
  reference_token: { prefix: 'lk_at_', idBytes: ID_BYTES },
  code: { prefix: 'lk_ac_', idBytes: GRANT_ID_BYTES },
  refresh_token: { prefix: 'lk_rt_', idBytes: GRANT_ID_BYTES, counts: true },
  session: { prefix: 'lk_ss_', idBytes: ID_BYTES },
  page: { prefix: 'lk_pg_', idBytes: ID_BYTES },
} as const satisfies Record<string, Kind>;

export type HandleKind = keyof typeof kinds;

/** A handle's content, once its MAC has been verified. `id` is base64url; `key` names the handle key that minted it. */
export interface Handle {
  readonly id: string;
  /** 0 unless the kind counts. */
  readonly generation: number;
  readonly key: string;
}

/** Mints and parses opaque artefacts: prefix, then base64url of key id, id, generation and MAC. docs/design.md section 3. */
export interface Handles {
  /** A handle of this content; its id is new and random unless one is given. */
  mint(
    kind: HandleKind,
    content?: { readonly id: string; readonly generation?: number },
  ): Handle & { readonly text: string };
  /** The content of a handle that we minted as this kind; undefined for anything else. Reads nothing. */
  parse(kind: HandleKind, text: string): Handle | undefined;
}

const KEY_ID_BYTES = 4;
const GENERATION_BYTES = 4;
const MAC_BYTES = 16;

/** Whether the text looks like a handle of this kind; says nothing of its authenticity. */
export const hasHandlePrefix = (kind: HandleKind, text: string): boolean => text.startsWith(kinds[kind].prefix);

/** A new random identifier of 128 bits, base64url, that no command takes for an option: what `jti` is made of. */
export const randomId = (): string =>
  withPlainId(
    () => randomBytes(ID_BYTES).toString('base64url'),
    (id) => id,
  );

/** @param secrets handle keys of 32 bytes; the first one mints, all of them verify */
export function createHandles(issuer: string, secrets: readonly [Buffer, ...Buffer[]]): Handles {
  // As KeyObjects, because to import a secret takes longer than the MAC.
  const keys = secrets.map((secret) => ({ id: keyId(secret), secret: createSecretKey(secret) }));
  const [minting = unreachable()] = keys;
  const byId = new Map(keys.map((key) => [key.id.toString('base64url'), key.secret]));

  const mac = (secret: KeyObject, kind: HandleKind, content: Buffer) =>
    createHmac('sha256', secret).update(`${kind}\0${issuer}\0`).update(content).digest().subarray(0, MAC_BYTES);

  return {
    mint(kind, { id, generation = 0 } = { id: randomId() }) {
      const content = Buffer.concat([minting.id, Buffer.from(id, 'base64url'), ...counter(kind, generation)]);
      if (content.length !== contentBytes(kind)) throw new Error(`an id of another length than that of a ${kind}`);
      const bytes = Buffer.concat([content, mac(minting.secret, kind, content)]);
      return { text: kinds[kind].prefix + bytes.toString('base64url'), ...describe(kind, content) };
    },

    parse(kind, text) {
      if (!hasHandlePrefix(kind, text)) return undefined;
      const bytes = decodeBase64url(text.slice(kinds[kind].prefix.length));
      const length = contentBytes(kind);
      if (bytes?.length !== length + MAC_BYTES) return undefined;
      const content = bytes.subarray(0, length);
      const handle = describe(kind, content);
      const secret = byId.get(handle.key);
      if (!secret || !timingSafeEqual(mac(secret, kind, content), bytes.subarray(length))) return undefined;
      return handle;
    },
  };
}

/**
 * What a text says that it is, by its prefix, and what it says that it holds, if it is as long as that takes. Nothing is
 * verified: for explanations only.
 */
export function readUnverifiedHandle(
  text: string,
): { readonly kind: HandleKind; readonly content?: Handle } | undefined {
  const kind = (Object.keys(kinds) as HandleKind[]).find((candidate) => hasHandlePrefix(candidate, text));
  if (kind === undefined) return undefined;
  const bytes = decodeBase64url(text.slice(kinds[kind].prefix.length));
  const length = contentBytes(kind);
  return bytes?.length === length + MAC_BYTES ? { kind, content: describe(kind, bytes.subarray(0, length)) } : { kind };
}

const countsUp = (kind: HandleKind) => 'counts' in kinds[kind];

const contentBytes = (kind: HandleKind) => KEY_ID_BYTES + kinds[kind].idBytes + (countsUp(kind) ? GENERATION_BYTES : 0);

function counter(kind: HandleKind, generation: number): Buffer[] {
  if (!countsUp(kind)) return [];
  const bytes = Buffer.alloc(GENERATION_BYTES);
  bytes.writeUInt32BE(generation);
  return [bytes];
}

function describe(kind: HandleKind, content: Buffer): Handle {
  const end = KEY_ID_BYTES + kinds[kind].idBytes;
  return {
    key: content.toString('base64url', 0, KEY_ID_BYTES),
    id: content.toString('base64url', KEY_ID_BYTES, end),
    generation: countsUp(kind) ? content.readUInt32BE(end) : 0,
  };
}

/** The id by which handles name the key that minted them, base64url. It says nothing about the key. */
export const handleKeyId = (secret: Buffer): string => keyId(secret).toString('base64url');

const keyId = (secret: Buffer) =>
  createHash('sha256').update('latchkey handle key id\0').update(secret).digest().subarray(0, KEY_ID_BYTES);

function unreachable(): never {
  throw new Error('no handle key');
}
