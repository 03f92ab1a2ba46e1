import { createHash, timingSafeEqual } from 'node:crypto';
import { type Handles, ID_BYTES } from '../oauth/handle.ts';

// A hidden field proves that this service made the page for this browser. It is a handle whose id is a hash of `sid` and the
// page's purpose, so nothing is stored. RFC 9700 section 4.7

const tag = (sid: string, purpose: readonly string[]): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([sid, ...purpose]))
    .digest()
    .subarray(0, ID_BYTES);

/** @param purpose distinguishes the page: other pages' forms must not be accepted */
export const mintPageToken = (handles: Handles, sid: string, purpose: readonly string[]): string =>
  handles.mint('page', { id: tag(sid, purpose).toString('base64url') }).text;

export function isPageToken(handles: Handles, text: string, sid: string, purpose: readonly string[]): boolean {
  const handle = handles.parse('page', text);
  return handle !== undefined && timingSafeEqual(Buffer.from(handle.id, 'base64url'), tag(sid, purpose));
}
