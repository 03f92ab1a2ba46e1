import { createHash, createHmac, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import { decodeBase64url } from '../base64url.ts';
import type { Lazy } from '../lazy.ts';
import { createHandleKey, createOldHandleKey, KEY_ID_BYTES } from './handle-key.ts';
import { makeWithPlainId } from './identifier.ts';

/** Of random ids that belong to no handle. */
const ID_BYTES = 16;

/** Of what a handle carries, and of the id that is a hash of it. */
export const SECRET_BYTES = 18;
export const SUBJECT_TAG_BYTES = 8;

/** What a handle of version 0.1.0 carries: its id. Other lengths than those of today, so the form shows in the length. */
const OLD_BYTES = 16;

interface Kind {
  /** Lets people and secret scanners recognise a handle of this kind. */
  readonly prefix: `lk_${string}_`;
  /** Kinds that share their secret have the same label, and so the same id. */
  readonly label: string;
  readonly tagBytes: 0 | typeof SUBJECT_TAG_BYTES;
  readonly hasGeneration?: true;
  /** A successor of a handle of version 0.1.0 is made with a key of today, and carries the same as that one. */
  readonly succeedsOld?: true;
}
const kinds = {
  reference_token: { prefix: 'lk_at_', label: 'reference_token', tagBytes: 0 },
  code: { prefix: 'lk_ac_', label: 'grant', tagBytes: SUBJECT_TAG_BYTES },
  refresh_token: {
    prefix: 'lk_rt_',
    label: 'grant',
    tagBytes: SUBJECT_TAG_BYTES,
    hasGeneration: true,
    succeedsOld: true,
  },
  session: { prefix: 'lk_ss_', label: 'session', tagBytes: 0 },
  page: { prefix: 'lk_pg_', label: 'page', tagBytes: 0 },
} as const satisfies Record<string, Kind>;

export type HandleKind = keyof typeof kinds;
export const handleKinds = Object.keys(kinds) as HandleKind[];

export interface Handle {
  readonly id: string;
  /**
   * What the handle carries, base64url; other handles of the same grant or session are made from it. Its hash is the id, so
   * that an id does not help anybody to make a handle. In a handle of version 0.1.0, it is the id.
   */
  readonly secret: string;
  readonly generation: number;
  readonly key: string;
}

/** Mints and parses the handles of one kind. docs/design.md section 3 */
export interface Handles {
  /** @param content by default, a new secret; without its id, the id is computed */
  mint(content?: Pick<Handle, 'secret'> & Partial<Handle>): Handle & { readonly text: string };
  /** Undefined unless this service minted the handle as this kind. Reads nothing. */
  parse(text: string): Handle | undefined;
  /**
   * Of a text that is not kept, base64url: without the key, nobody can tell whether a guess is right. The text is longer than what a
   * handle carries, so a fingerprint is the MAC of no handle.
   */
  fingerprint(text: string): string;
}

/** Of those kinds that a function mints or checks. */
export type HandlesByKind<Name extends HandleKind> = { readonly [Each in Name]: Lazy<Handles> };

const GENERATION_BYTES = 4;
const MAC_BYTES = 16;

/** Longer than any handle. */
const MAX_LENGTH = 128;

/** The MAC is not verified. */
export const hasHandlePrefix = (kind: HandleKind, text: string): boolean => text.startsWith(kinds[kind].prefix);

/** 128 bits, base64url. It can be pasted into commands: see `isPlainId`. */
export const randomId = (): string =>
  makeWithPlainId(
    () => randomBytes(ID_BYTES).toString('base64url'),
    (id) => id,
  );

/** @param tag of the subject, for a code or refresh token */
export const createHandleSecret = (
  kind: HandleKind,
  tag: Uint8Array = new Uint8Array(),
): Pick<Handle, 'id' | 'secret'> =>
  makeWithPlainId(
    () => {
      const carried = Buffer.concat([randomBytes(SECRET_BYTES), tag]);
      return { id: idOf(kind, carried), secret: carried.toString('base64url') };
    },
    ({ id }) => id,
  );

/** Secrets of 32 bytes. */
export interface HandleSecrets {
  /** Of this kind. The first mints, all verify. */
  readonly own: readonly Buffer[];
  /** Of all kinds. They mint only where `own` is empty, and verify what they made, in version 0.1.0 as well. */
  readonly shared: readonly Buffer[];
}

export function createHandles(kind: HandleKind, issuer: string, { own, shared }: HandleSecrets): Handles {
  const keys = [...own, ...shared].map((secret) => createHandleKey(secret, issuer, kind));
  const [minting = unreachable()] = keys;
  const byId = new Map([...shared.map(createOldHandleKey), ...keys].map((key) => [key.id.toString('base64url'), key]));
  const label = `${kind}\0${issuer}\0`;
  const mac = (key: KeyObject, content: Buffer) =>
    createHmac('sha256', key).update(label).update(content).digest().subarray(0, MAC_BYTES);

  return {
    mint({ secret, id, generation = 0 }: Pick<Handle, 'secret'> & Partial<Handle> = createHandleSecret(kind)) {
      const carried = Buffer.from(secret, 'base64url');
      if (!mayCarry(kind, carried.length, false)) throw new Error(`the secret of a ${kind} has the wrong length`);
      const content = Buffer.concat([minting.id, carried, ...encodeGeneration(kind, generation)]);
      const bytes = Buffer.concat([content, mac(minting.key, content)]);
      return { text: kinds[kind].prefix + bytes.toString('base64url'), ...describe(kind, content, id) };
    },

    parse(text) {
      const content = readContent(kind, text);
      if (!content) return undefined;
      const handle = describe(kind, content.bytes);
      const found = byId.get(handle.key);
      if (!found || !mayCarry(kind, content.bytes.length - fixedBytes(kind), found.isOld)) return undefined;
      return timingSafeEqual(mac(found.key, content.bytes), content.mac) ? handle : undefined;
    },

    fingerprint: (text) => mac(minting.key, Buffer.from(`fingerprint\0${text}`)).toString('base64url'),
  };
}

/** Only to be shown to people, because the MAC is not verified. */
export function readUnverifiedHandle(
  text: string,
): { readonly kind: HandleKind; readonly content?: Handle } | undefined {
  const kind = handleKinds.find((candidate) => hasHandlePrefix(candidate, text));
  if (kind === undefined) return undefined;
  const content = readContent(kind, text);
  return content ? { kind, content: describe(kind, content.bytes) } : { kind };
}

/** An old key can make no handle of an id of today, and a key of today none of an old id, except to continue its grant. */
const mayCarry = (kind: HandleKind, length: number, isOldKey: boolean): boolean =>
  length === OLD_BYTES + kinds[kind].tagBytes
    ? isOldKey || 'succeedsOld' in kinds[kind]
    : length === SECRET_BYTES + kinds[kind].tagBytes && !isOldKey;

const hasGeneration = (kind: HandleKind) => 'hasGeneration' in kinds[kind];

const fixedBytes = (kind: HandleKind) => KEY_ID_BYTES + (hasGeneration(kind) ? GENERATION_BYTES : 0);

function readContent(kind: HandleKind, text: string): { readonly bytes: Buffer; readonly mac: Buffer } | undefined {
  const { prefix, tagBytes } = kinds[kind];
  const bytes =
    text.length <= MAX_LENGTH && text.startsWith(prefix) ? decodeBase64url(text.slice(prefix.length)) : undefined;
  if (!bytes) return undefined;
  const carried = bytes.length - fixedBytes(kind) - MAC_BYTES - tagBytes;
  if (carried !== SECRET_BYTES && carried !== OLD_BYTES) return undefined;
  return { bytes: bytes.subarray(0, -MAC_BYTES), mac: bytes.subarray(-MAC_BYTES) };
}

function encodeGeneration(kind: HandleKind, generation: number): Buffer[] {
  if (!hasGeneration(kind)) return [];
  const bytes = Buffer.alloc(GENERATION_BYTES);
  bytes.writeUInt32BE(generation);
  return [bytes];
}

function describe(kind: HandleKind, content: Buffer, id?: string): Handle {
  const end = content.length - (hasGeneration(kind) ? GENERATION_BYTES : 0);
  const carried = content.subarray(KEY_ID_BYTES, end);
  return {
    key: content.toString('base64url', 0, KEY_ID_BYTES),
    id: id ?? idOf(kind, carried),
    secret: carried.toString('base64url'),
    generation: hasGeneration(kind) ? content.readUInt32BE(end) : 0,
  };
}

/** Of a grant, with the tag of its subject at the end. */
function idOf(kind: HandleKind, carried: Buffer): string {
  const { label, tagBytes } = kinds[kind];
  if (carried.length === OLD_BYTES + tagBytes) return carried.toString('base64url');
  const hash = createHash('sha256').update(`latchkey handle id\0${label}\0`).update(carried).digest();
  return Buffer.concat([hash.subarray(0, SECRET_BYTES), carried.subarray(SECRET_BYTES)]).toString('base64url');
}

function unreachable(): never {
  throw new Error('no handle key');
}
