import { type AccessTokenTyp, accessTokenTyps } from '../oauth/access-token.ts';
import { InvalidToken } from '../oauth/errors.ts';
import { isSameResource } from '../oauth/resource-indicator.ts';
import type { Json } from './compact.ts';

// How the kinds of JWT that this service signs are told apart: by `typ`, and where two kinds share one, by their claims.

export interface JwtKind {
  readonly typs: readonly string[];
  /** For an authentic JWT with one of these. @throws InvalidToken for one of another kind */
  require(claims: Json, typ: string): void;
}

export const ID_TOKEN_TYP = 'JWT' satisfies AccessTokenTyp;

/** Different from those of access tokens and ID tokens. OpenID Connect Back-Channel Logout section 2.4 */
export const LOGOUT_TOKEN_TYP = 'logout+jwt';

/**
 * An access token names its client, which an ID token never does, and its audience is not that client: registration lets no API with
 * this `typ` share the name of a client, so a client takes no access token for its ID token either. RFC 9068 section 5
 */
export const accessTokenKind: JwtKind = {
  typs: accessTokenTyps,
  require({ client_id, aud }, typ) {
    if (typ !== ID_TOKEN_TYP) return;
    if (typeof client_id !== 'string') throw new InvalidToken('is an ID token');
    const isForClient = [aud].flat().some((one) => typeof one === 'string' && isSameResource(one, client_id));
    if (isForClient) throw new InvalidToken('is for a client');
  },
};

export const idTokenKind: JwtKind = {
  typs: [ID_TOKEN_TYP],
  require({ client_id }) {
    if (client_id !== undefined) throw new InvalidToken('is an access token');
  },
};
