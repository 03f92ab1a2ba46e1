import type { HashedSecret } from './secret.ts';

/** A person who signs in, as this service keeps them. Others may live elsewhere: see `authenticateUser` in extensions.ts. */
export interface User {
  /** Random and for good: what tokens and clients know the person by. */
  readonly sub: string;
  /** What the person types; compared as `normalizeUsername` makes it. */
  readonly username: string;
  /** Under a slow salted hash, because people choose it. */
  readonly password: HashedSecret;
  /** Standard claims. OpenID Connect Core section 5.1 */
  readonly claims: UserClaims;
  readonly enabled: boolean;
  readonly created_at: number;
}

/** OpenID Connect Core section 5.1, by their names on the wire. */
export type UserClaims = Readonly<Record<string, unknown>>;

/** Who somebody is found to be who signed in. */
export interface Authentication {
  readonly sub: string;
  /** Seconds since the epoch. */
  readonly auth_time: number;
  /** RFC 8176 */
  readonly amr: readonly string[];
}

/** In UTF-16 units: it is part of a key of the table. */
const MAX_USERNAME_LENGTH = 255;

/** A name as it is compared: phones write the first letter large and a space at the end. */
export const normalizeUsername = (username: string): string =>
  username.normalize('NFKC').trim().toLowerCase().slice(0, MAX_USERNAME_LENGTH);
