/** Not to be confused with the token type, which is always `Bearer`. */
export const accessTokenFormats = ['jwt', 'encrypted_jwt', 'sealed', 'reference'] as const;

export type AccessTokenFormatName = (typeof accessTokenFormats)[number];

export const DEFAULT_FORMAT: AccessTokenFormatName = 'jwt';

/** RFC 9068 section 2.1. */
export const ACCESS_TOKEN_TYP = 'at+jwt';

/** What access tokens may be typed: the second one is for APIs whose verifiers know no other, and ID tokens have it as well. */
export const accessTokenTyps = [ACCESS_TOKEN_TYP, 'JWT'] as const;

export type AccessTokenTyp = (typeof accessTokenTyps)[number];

interface FormatNature {
  /** Its tokens contain the claims, so validation reads only the revocation list. */
  readonly isSelfContained: boolean;
  /** Whoever has a token can read its claims. */
  readonly isReadable: boolean;
  /**
   * Who can make its tokens: only the issuer, or also whoever can verify them, which is the API of the audience. The claims of
   * such a token count at that audience only.
   */
  readonly maker: 'issuer' | 'audience';
}

/** Said here and not by the formats, because the configuration and the revocation list ask it, which load no format. */
const natures: Readonly<Record<AccessTokenFormatName, FormatNature>> = {
  jwt: { isSelfContained: true, isReadable: true, maker: 'issuer' },
  encrypted_jwt: { isSelfContained: true, isReadable: false, maker: 'issuer' },
  sealed: { isSelfContained: true, isReadable: false, maker: 'audience' },
  reference: { isSelfContained: false, isReadable: false, maker: 'issuer' },
};

export const isSelfContained = (format: AccessTokenFormatName): boolean => natures[format].isSelfContained;

/** Whether its tokens can be meant for others than one API. */
export const hasSoleReader = (format: AccessTokenFormatName): boolean => natures[format].maker === 'audience';

export const isReadable = (format: AccessTokenFormatName): boolean => natures[format].isReadable;

/** For each format, how old the container's copy of the revocation list may be, in seconds; 0 = strict. */
export type RevocationMaxAge = Readonly<Record<AccessTokenFormatName, number>>;

export const revocationMaxAge = (secondsOf: (format: AccessTokenFormatName) => number): RevocationMaxAge =>
  Object.fromEntries(accessTokenFormats.map((format) => [format, secondsOf(format)])) as RevocationMaxAge;

export const STRICT_MAX_AGE: RevocationMaxAge = revocationMaxAge(() => 0);

/** RFC 9068 section 2.2, of users also `auth_time`, `acr` and `amr`; `grant_id` and `root_sid` are Latchkey's own. */
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
  /** Of the session that the token ends with, if it does. */
  readonly root_sid?: string;
  readonly [extension: string]: unknown;
}

/** No hook sets them, even in a token that does not have them, and no API calls its groups or roles so. */
export const reservedClaims: ReadonlySet<string> = new Set([
  'iss',
  'sub',
  'aud',
  'client_id',
  'cnf',
  'scope',
  'auth_time',
  'acr',
  'amr',
  'iat',
  'exp',
  'nbf',
  'jti',
  'grant_id',
  'root_sid',
]);

export interface AccessToken {
  readonly format: AccessTokenFormatName;
  readonly claims: AccessTokenClaims;
  /** The `kid` of the signing key, or the id of the handle key or sealing key. */
  readonly key: string;
}

/** The audience at which alone the claims count; undefined = everywhere. */
export const soleAudience = ({ format, claims }: AccessToken): string | undefined =>
  natures[format].maker === 'audience' ? audiences(claims.aud).join(' ') : undefined;

/** Whether what the token says of its subject, client, scope and grant counts for this audience. */
export function countsAt(token: AccessToken, audience: string): boolean {
  const sole = soleAudience(token);
  return sole === undefined || sole === audience;
}

export const audiences = (aud: string | readonly string[]): readonly string[] =>
  typeof aud === 'string' ? [aud] : aud;

/** API Gateway passes headers of 10 KB in all. Of every kind of token, before a regular expression or a hash sees it. */
export const MAX_TOKEN_LENGTH = 8 * 1024;
