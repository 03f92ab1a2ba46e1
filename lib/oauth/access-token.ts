/**
 * Their tokens contain the claims, so validation reads only the revocation list. That is said here and not by the formats,
 * because the configuration asks it, which loads no format.
 */
const selfContainedFormats = ['jwt', 'encrypted_jwt', 'sealed'] as const;

/** Not to be confused with the token type, which is always `Bearer`. */
export const accessTokenFormats = [...selfContainedFormats, 'reference'] as const;

export type AccessTokenFormatName = (typeof accessTokenFormats)[number];

export const DEFAULT_FORMAT: AccessTokenFormatName = 'jwt';

export const isSelfContained = (format: AccessTokenFormatName): boolean =>
  selfContainedFormats.some((candidate) => candidate === format);

/** For each format, how old the container's copy of the revocation list may be, in seconds; 0 = strict. */
export type RevocationMaxAge = Readonly<Record<AccessTokenFormatName, number>>;

export const revocationMaxAge = (secondsOf: (format: AccessTokenFormatName) => number): RevocationMaxAge =>
  Object.fromEntries(accessTokenFormats.map((format) => [format, secondsOf(format)])) as RevocationMaxAge;

export const STRICT_MAX_AGE: RevocationMaxAge = revocationMaxAge(() => 0);

/** RFC 9068 section 2.2; `grant_id` is Latchkey's own. */
export interface AccessTokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string | readonly string[];
  readonly client_id: string;
  readonly scope?: string;
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
  readonly grant_id: string;
  readonly [extension: string]: unknown;
}

export interface AccessToken {
  readonly format: AccessTokenFormatName;
  readonly claims: AccessTokenClaims;
  /** The `kid` of the signing key, or the id of the handle key or sealing key. */
  readonly key: string;
}

export const audiences = (aud: string | readonly string[]): readonly string[] =>
  typeof aud === 'string' ? [aud] : aud;
