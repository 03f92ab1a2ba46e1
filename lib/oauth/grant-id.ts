import { createHash } from 'node:crypto';
import { GRANT_ID_BYTES, ID_BYTES, randomId } from './handle.ts';

// The id of a grant that a subject gave is 128 random bits followed by a tag of 64 bits for the subject. With the id from a code
// or a refresh token, the subject's epoch can be read without reading the grant first. docs/design.md section 4

/**
 * The tag of a subject in the ids of its grants, base64url. If two subjects had the same tag, signing out one of them would
 * also sign out the other.
 */
export const subjectTag = (sub: string): string =>
  createHash('sha256')
    .update('latchkey subject tag\0')
    .update(sub)
    .digest()
    .toString('base64url', 0, GRANT_ID_BYTES - ID_BYTES);

export const createGrantId = (sub: string): string =>
  Buffer.concat([randomId(), subjectTag(sub)].map((part) => Buffer.from(part, 'base64url'))).toString('base64url');

/** The tag of the subject that a grant of this id belongs to. */
export const subjectTagOf = (grant_id: string): string =>
  Buffer.from(grant_id, 'base64url').toString('base64url', ID_BYTES);
