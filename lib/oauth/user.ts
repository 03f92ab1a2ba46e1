import type { HashedSecret } from './hashed-secret.ts';

/** Users can also be kept elsewhere: see `authenticateUser` in extensions.ts. */
export interface User {
  /** Random, and never changed. */
  readonly sub: string;
  /** As entered; compared in the form of `normalizeUsername`. */
  readonly username: string;
  readonly password: HashedSecret;
  readonly claims: UserClaims;
  readonly enabled: boolean;
  readonly created_at: number;
}

/** By their names in OpenID Connect Core section 5.1. */
export type UserClaims = Readonly<Record<string, unknown>>;

export interface Authentication {
  readonly sub: string;
  readonly auth_time: number;
  readonly amr: readonly string[];
}

/** UTF-16 code units. The name is part of a key, whose length DynamoDB limits. */
const MAX_USERNAME_LENGTH = 255;

/** Phone keyboards capitalise the first letter and append a space. The end may have cut a character in two. */
export const normalizeUsername = (username: string): string =>
  username.normalize('NFKC').trim().toLowerCase().slice(0, MAX_USERNAME_LENGTH).toWellFormed();

/** What directories ignore or fold when they compare names: invisible characters, accents, spaces. Unicode Standard section 5.21 */
const IGNORED = /[\p{Default_Ignorable_Code_Point}\p{Mn}\p{C}\p{Z}]/gu;

/** The same for all spellings that a directory may take for one name. Only to count attempts: two people may share it. */
export const foldUsername = (username: string): string =>
  username.normalize('NFKD').replace(IGNORED, '').toUpperCase().toLowerCase();
