import type { HashedSecret } from './secret.ts';

/** A user in the table. Users can also be kept elsewhere: see `authenticateUser` in extensions.ts. */
export interface User {
  /** Random, and never changed: the subject of tokens. */
  readonly sub: string;
  /** As entered when the user was created; compared in the form of `normalizeUsername`. */
  readonly username: string;
  readonly password: HashedSecret;
  /** Standard claims. OpenID Connect Core section 5.1 */
  readonly claims: UserClaims;
  readonly enabled: boolean;
  readonly created_at: number;
}

/** Claims about a person, by their names in OpenID Connect Core section 5.1. */
export type UserClaims = Readonly<Record<string, unknown>>;

/** The result of a sign-in: who signed in, when and how. */
export interface Authentication {
  readonly sub: string;
  /** Seconds since the epoch. */
  readonly auth_time: number;
  /** RFC 8176 */
  readonly amr: readonly string[];
}

/** In UTF-16 code units. The name is part of a key, whose length DynamoDB limits. */
const MAX_USERNAME_LENGTH = 255;

/** The form in which names are compared. Phone keyboards capitalise the first letter and append a space. */
export const normalizeUsername = (username: string): string =>
  username.normalize('NFKC').trim().toLowerCase().slice(0, MAX_USERNAME_LENGTH);
