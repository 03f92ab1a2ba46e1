import { createHash, createHmac, createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import { decodeBase64url } from '../base64url.ts';
import { makeWithPlainId } from './identifier.ts';

/** A grant's id also contains a tag of its subject. */
export const ID_BYTES = 16;
export const GRANT_ID_BYTES = 24;

interface Kind {
  /** Lets people and secret scanners recognise a handle of this kind. */
  readonly prefix: `lk_${string}_`;
  readonly idBytes: number;
  readonly hasGeneration?: true;
}
const kinds = {
  reference_token: { prefix: 'lk_at_', idBytes: ID_BYTES },
  code: { prefix: 'lk_ac_', idBytes: GRANT_ID_BYTES },
  refresh_token: { prefix: 'lk_rt_', idBytes: GRANT_ID_BYTES, hasGeneration: true },
  session: { prefix: 'lk_ss_', idBytes: ID_BYTES },
  page: { prefix: 'lk_pg_', idBytes: ID_BYTES },
} as const satisfies Record<string, Kind>;

export type HandleKind = keyof typeof kinds;

export interface Handle {
  readonly id: string;
  readonly generation: number;
  readonly key: string;
}

/** Mints and parses handles: a prefix, then base64url of key id, id, generation and MAC. docs/design.md section 3 */
export interface Handles {
  mint(
    kind: HandleKind,
    content?: { readonly id: string; readonly generation?: number },
  ): Handle & { readonly text: string };
  /** Undefined unless this service minted the handle as this kind. Reads nothing. */
  parse(kind: HandleKind, text: string): Handle | undefined;
}

const KEY_ID_BYTES = 4;
const GENERATION_BYTES = 4;
const MAC_BYTES = 16;

/** The MAC is not verified. */
export const hasHandlePrefix = (kind: HandleKind, text: string): boolean => text.startsWith(kinds[kind].prefix);

/** 128 bits, base64url. It can be pasted into commands: see `isPlainId`. */
export const randomId = (): string =>
  makeWithPlainId(
    () => randomBytes(ID_BYTES).toString('base64url'),
    (id) => id,
  );

/** @param secrets 32 bytes each: the first mints, all verify */
export function createHandles(issuer: string, secrets: readonly [Buffer, ...Buffer[]]): Handles {
  // As KeyObjects, because importing a secret takes longer than computing the MAC.
  const keys = secrets.map((secret) => ({ id: keyId(secret), secret: createSecretKey(secret) }));
  const [minting = unreachable()] = keys;
  const byId = new Map(keys.map((key) => [key.id.toString('base64url'), key.secret]));

  const mac = (secret: KeyObject, kind: HandleKind, content: Buffer) =>
    createHmac('sha256', secret).update(`${kind}\0${issuer}\0`).update(content).digest().subarray(0, MAC_BYTES);

  return {
    mint(kind, { id, generation = 0 } = { id: randomId() }) {
      const content = Buffer.concat([minting.id, Buffer.from(id, 'base64url'), ...encodeGeneration(kind, generation)]);
      if (content.length !== contentBytes(kind)) throw new Error(`the id of a ${kind} has the wrong length`);
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

/** Only to be shown to people, because the MAC is not verified. */
export function readUnverifiedHandle(
  text: string,
): { readonly kind: HandleKind; readonly content?: Handle } | undefined {
  const kind = (Object.keys(kinds) as HandleKind[]).find((candidate) => hasHandlePrefix(candidate, text));
  if (kind === undefined) return undefined;
  const bytes = decodeBase64url(text.slice(kinds[kind].prefix.length));
  const length = contentBytes(kind);
  return bytes?.length === length + MAC_BYTES ? { kind, content: describe(kind, bytes.subarray(0, length)) } : { kind };
}

const hasGeneration = (kind: HandleKind) => 'hasGeneration' in kinds[kind];

const contentBytes = (kind: HandleKind) =>
  KEY_ID_BYTES + kinds[kind].idBytes + (hasGeneration(kind) ? GENERATION_BYTES : 0);

function encodeGeneration(kind: HandleKind, generation: number): Buffer[] {
  if (!hasGeneration(kind)) return [];
  const bytes = Buffer.alloc(GENERATION_BYTES);
  bytes.writeUInt32BE(generation);
  return [bytes];
}

function describe(kind: HandleKind, content: Buffer): Handle {
  const end = KEY_ID_BYTES + kinds[kind].idBytes;
  return {
    key: content.toString('base64url', 0, KEY_ID_BYTES),
    id: content.toString('base64url', KEY_ID_BYTES, end),
    generation: hasGeneration(kind) ? content.readUInt32BE(end) : 0,
  };
}

/** A hash, so the id does not reveal the key. */
export const handleKeyId = (secret: Buffer): string => keyId(secret).toString('base64url');

const keyId = (secret: Buffer) =>
  createHash('sha256').update('latchkey handle key id\0').update(secret).digest().subarray(0, KEY_ID_BYTES);

function unreachable(): never {
  throw new Error('no handle key');
}
