import { createHash, timingSafeEqual } from 'node:crypto';
import { type Handles, ID_BYTES } from './handle.ts';

// What a form of ours carries to show that it was on a page of ours, made for this browser. It is a handle over what it
// stands for, so that nothing is stored: the session that the browser's cookie names (signed in or not), and the step and
// request the page was for. RFC 9700 section 4.7

const bound = (sid: string, purpose: readonly string[]): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([sid, ...purpose]))
    .digest()
    .subarray(0, ID_BYTES);

/** @param purpose what the page is for: its step, and what else a form of another page must not pass for */
export const mintPageToken = (handles: Handles, sid: string, ...purpose: readonly string[]): string =>
  handles.mint('page', { id: bound(sid, purpose).toString('base64url') }).text;

export function isPageToken(handles: Handles, text: string, sid: string, ...purpose: readonly string[]): boolean {
  const handle = handles.parse('page', text);
  return handle !== undefined && timingSafeEqual(Buffer.from(handle.id, 'base64url'), bound(sid, purpose));
}
