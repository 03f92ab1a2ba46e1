import { createHash } from 'node:crypto';
import { GRANT_ID_BYTES, ID_BYTES, randomId } from './handle.ts';

// The id of a grant that a subject gave: 128 random bits, then 64 bits that stand for the subject. So whoever is shown a
// code or a refresh token knows which subject's epoch to read before the grant itself was read. docs/design.md section 4.

/** What stands for a subject in the ids of its grants, base64url. Two that share it would only share their sign-outs. */
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
