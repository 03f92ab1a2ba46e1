import { createHash, timingSafeEqual } from 'node:crypto';
import { type Handles, SECRET_BYTES } from '../oauth/handle.ts';

// A hidden field proves that this service made the page for this browser. It is a handle that carries a hash of the browser's
// secret and the page's purpose, so nothing is stored. RFC 9700 section 4.7

/** @param length in bytes; that of a page of version 0.1.0 is shorter */
const tag = (secret: string, purpose: readonly string[], length = SECRET_BYTES): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([secret, ...purpose]))
    .digest()
    .subarray(0, length);

/**
 * @param secret of the browser
 * @param purpose distinguishes the page: other pages' forms must not be accepted
 */
export const mintPageToken = (handles: Handles, secret: string, purpose: readonly string[]): string =>
  handles.mint({ secret: tag(secret, purpose).toString('base64url') }).text;

export function isPageToken(handles: Handles, text: string, secret: string, purpose: readonly string[]): boolean {
  const handle = handles.parse(text);
  if (!handle) return false;
  const carried = Buffer.from(handle.secret, 'base64url');
  return timingSafeEqual(carried, tag(secret, purpose, carried.length));
}
