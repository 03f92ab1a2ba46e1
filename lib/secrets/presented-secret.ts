import { decodeFormComponent } from '../oauth/form-component.ts';
import type { HashedSecret } from '../oauth/hashed-secret.ts';

/** A secret whose sender may have form-encoded it, as RFC 6749 section 2.3.1 demands of Basic, or not, as `curl -u`. */
export interface PresentedSecret {
  readonly sent: string;
  /** Absent if decoding makes no difference or is not possible. */
  readonly decoded?: string;
}

export function presentEncoded(sent: string): PresentedSecret {
  const decoded = decodeFormComponent(sent);
  return decoded === undefined || decoded === sent ? { sent } : { sent, decoded };
}

export const readings = ({ sent, decoded }: PresentedSecret): readonly string[] =>
  decoded === undefined ? [sent] : [decoded, sent];

/** Whether decoding the secret itself makes a difference. */
export const looksEncoded = (secret: string): boolean => presentEncoded(secret).decoded !== undefined;

/** What encoders leave as it is (URL Standard, `encodeURIComponent`), and what they write. */
const ENCODED = /^[\w*.!'()~+%-]*$/;

/**
 * The reading that a slow hash is spent on, so that each guess costs one and is one. It is known where the secret was imported with
 * `looks_encoded`: then the right reading looks encoded as well. Otherwise the characters tell.
 */
export function likelyReading({ sent, decoded }: PresentedSecret, { looks_encoded }: HashedSecret): string {
  if (decoded === undefined) return sent;
  const isEncoded = looks_encoded ? looksEncoded(decoded) : ENCODED.test(sent);
  return isEncoded ? decoded : sent;
}
