import type { Memberships } from './membership.ts';
import type { UserClaims } from './user.ts';

/** What tokens say of the subject of one grant. The user is read when that is asked for, and at most once. */
export interface Subject {
  /** Undefined for a client that acts for itself, and for a user who is disabled or gone. */
  readonly findUser: () => UserClaims | undefined | Promise<UserClaims | undefined>;
  /** Those that the scope asks for: of the user, or of a client that acts for itself. */
  memberships(): Promise<Memberships>;
  /** As requested by `claims`, and groups and roles by scope; `byScope` adds the standard claims. OpenID Connect Core section 5 */
  idTokenClaims(byScope: boolean): Promise<UserClaims>;
}
