import { createHash } from 'node:crypto';
import { createHandleSecret, SUBJECT_TAG_BYTES } from './handle.ts';

// The id of a grant ends with a tag of its subject, so that the subject's epoch can be read before the grant. docs/design.md
// section 4

const tagOf = (sub: string) =>
  createHash('sha256').update('latchkey subject tag\0').update(sub).digest().subarray(0, SUBJECT_TAG_BYTES);

/** 64 bits, base64url. If two subjects shared a tag, signing out one would also sign out the other. */
export const subjectTag = (sub: string): string => tagOf(sub).toString('base64url');

/** A new id, and the secret of the grant's code and refresh tokens. */
export function createGrantId(sub: string): { readonly grant_id: string; readonly secret: string } {
  const { id: grant_id, secret } = createHandleSecret('code', tagOf(sub));
  return { grant_id, secret };
}

/** Of the epoch of all that a subject has allowed a client. */
export const consentEpochId = (subject_tag: string, client_id: string): string => `${subject_tag}#${client_id}`;

export const subjectTagOf = (grant_id: string): string =>
  Buffer.from(grant_id, 'base64url').subarray(-SUBJECT_TAG_BYTES).toString('base64url');
