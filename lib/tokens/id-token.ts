import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { MAX_QUERY_LENGTH } from '../http/form.ts';
import { algorithms } from '../keys/algorithm.ts';
import type { Signer, Signers } from '../keys/signer.ts';
import { reachedAcr } from '../oauth/authentication-context.ts';
import { OAuthError } from '../oauth/errors.ts';
import type { Grant } from '../oauth/grant.ts';
import type { Subject } from '../oauth/subject.ts';
import { idTokenSigner } from './id-token-signer.ts';
import { signJwt } from './jws.ts';
import { ID_TOKEN_TYP } from './jwt-kind.ts';

/** Leaves 2 KB of the query of `/logout` for its other parameters. OpenID Connect RP-Initiated Logout section 2 */
export const MAX_ID_TOKEN_LENGTH = MAX_QUERY_LENGTH - 2 * 1024;

export interface IdTokenContext {
  readonly issuer: string;
  readonly clock: Clock;
  readonly signers: Signers;
  readonly idTokenLifetime: number;
  describeSubject(grant: Grant): Subject;
}

/** The ID token contains hashes of these. */
export interface IssuedTogether {
  readonly access_token?: string;
  readonly code?: string;
  /** For response_type `id_token`. */
  readonly isAlone?: boolean;
}

/** Without `auth_time` nobody has signed in: the client acts on its own behalf. */
export const wantsIdToken = ({ scope, auth_time }: Pick<Grant, 'scope' | 'auth_time'>): boolean =>
  auth_time !== undefined && scope.split(' ').includes('openid');

/** OpenID Connect Core sections 2, 3.1.3.6 and 3.3.2.11. @throws OAuthError `invalid_request` when it is too long for `/logout` */
export async function issueIdToken(
  grant: Grant,
  together: IssuedTogether,
  context: IdTokenContext,
  subject: Subject = context.describeSubject(grant),
): Promise<string> {
  const { client, sub, auth_time, amr, sid, nonce } = grant;
  // Without an access token, nobody can ask `/userinfo`. OpenID Connect Core section 5.4
  const byScope = together.isAlone === true || client.user_claims_in_id_token === true;
  const [signer, userClaims] = await Promise.all([
    idTokenSigner(client, context.signers),
    subject.idTokenClaims(byScope),
  ]);
  const iat = context.clock();
  const claims = {
    // First, so that a claim about the user cannot replace one of the token.
    ...userClaims,
    // It would make an access token of it.
    client_id: undefined,
    iss: context.issuer,
    sub,
    aud: client.client_id,
    azp: client.client_id,
    iat,
    exp: iat + context.idTokenLifetime,
    auth_time,
    acr: reachedAcr(amr),
    amr,
    sid,
    nonce,
    at_hash: together.access_token === undefined ? undefined : halfHash(together.access_token, signer),
    c_hash: together.code === undefined ? undefined : halfHash(together.code, signer),
  };
  const id_token = await signJwt(ID_TOKEN_TYP, claims, signer);
  if (id_token.length > MAX_ID_TOKEN_LENGTH) throw new OAuthError('invalid_request', 'the ID token would be too large');
  return id_token;
}

/** Ed25519 uses SHA-512. OpenID Connect Core section 3.1.3.6 */
function halfHash(text: string, { alg }: Signer): string {
  const { hash = 'sha512' }: { hash?: string } = algorithms[alg];
  const digest = createHash(hash).update(text).digest();
  return digest.toString('base64url', 0, digest.length / 2);
}
