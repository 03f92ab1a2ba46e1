import { createHash } from 'node:crypto';
import { GRANT_ID_BYTES, ID_BYTES, randomId } from './handle.ts';

// 128 random bits and a tag of the subject, so that the subject's epoch can be read before the grant. docs/design.md section 4

/** 64 bits, base64url. If two subjects shared a tag, signing out one would also sign out the other. */
export const subjectTag = (sub: string): string =>
  createHash('sha256')
    .update('latchkey subject tag\0')
    .update(sub)
    .digest()
    .toString('base64url', 0, GRANT_ID_BYTES - ID_BYTES);

export const createGrantId = (sub: string): string =>
  Buffer.concat([randomId(), subjectTag(sub)].map((part) => Buffer.from(part, 'base64url'))).toString('base64url');

export const subjectTagOf = (grant_id: string): string =>
  Buffer.from(grant_id, 'base64url').toString('base64url', ID_BYTES);
