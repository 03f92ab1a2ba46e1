import { decodeBase64url } from '../../lib/oauth/base64url.ts';
import type { Handle } from '../../lib/oauth/handle.ts';

// What can be read of a token without any key, by anybody. It may be a lie.

type Json = Readonly<Record<string, unknown>>;

/** Header and claims of a JWT, as far as they can be decoded. */
export function readJwt(token: string): { header?: Json; claims?: Json } {
  const [header = '', claims = ''] = token.split('.');
  return { ...named('header', readSegment(header)), ...named('claims', readSegment(claims)) };
}

const named = <Name extends string>(name: Name, value: Json | undefined) =>
  (value ? { [name]: value } : {}) as { [N in Name]?: Json };

function readSegment(segment: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(segment, 'base64url').toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

const HANDLE_BYTES = { key: 4, id: 16, mac: 16 };

/** Key id and id of a handle whose MAC nobody checks. */
export function readHandle(text: string): Handle | undefined {
  const bytes = decodeBase64url(text.replace(/^lk_[a-z]+_/, ''));
  const { key, id, mac } = HANDLE_BYTES;
  if (bytes?.length !== key + id + mac) return undefined;
  return { key: bytes.toString('base64url', 0, key), id: bytes.toString('base64url', key, key + id), generation: 0 };
}
