import type { EncryptionKey } from '../keys/encryption-key.ts';
import type { OpeningKeys, SealingKeys } from '../keys/sealing-key.ts';
import type { Signers } from '../keys/signer.ts';
import type { AccessToken, AccessTokenClaims, AccessTokenFormatName } from '../oauth/access-token.ts';
import type { Client } from '../oauth/client.ts';
import { OAuthError } from '../oauth/errors.ts';
import type { Grant } from '../oauth/grant.ts';
import type { HandlesByKind } from '../oauth/handle.ts';
import type { ResourceServer } from '../oauth/resource-server.ts';
import type { RevocationList } from '../revocation/list.ts';
import { shareOf } from '../revocation/share-owner.ts';
import type { ReferenceTokenStore } from '../store/reference-token.ts';
import type { ClaimsPolicy } from './claims.ts';
import type { createChangingJwtVerifier } from './jws.ts';

/** The format adds `jti`. */
export type NewClaims = {
  [Name in keyof AccessTokenClaims as Exclude<Name, 'jti' | 'scope'>]: AccessTokenClaims[Name];
} & {
  readonly scope?: string | readonly string[];
};

export interface IssuingContext {
  readonly signers: Signers;
  readonly handles: HandlesByKind<'reference_token'>;
  readonly sealingKeys: SealingKeys;
  readonly referenceTokens: ReferenceTokenStore;
}

export interface VerifyingContext extends ClaimsPolicy {
  readonly verifyJwt: ReturnType<typeof createChangingJwtVerifier>;
  readonly handles: HandlesByKind<'reference_token'>;
  readonly decryptionKeys: ReadonlyMap<string, EncryptionKey>;
  readonly openingKeys: OpeningKeys;
  readonly referenceTokens: ReferenceTokenStore;
}

export interface ValidationContext extends VerifyingContext {
  readonly revocations: RevocationList;
}

/** Everything in which access tokens differ. What explains them is in `explanation.ts`. */
export interface AccessTokenFormat<Name extends AccessTokenFormatName = AccessTokenFormatName> {
  readonly name: Name;
  /** Tokens become invalid when their signing key is withdrawn. */
  readonly isSigned: boolean;
  /** By its outer form. No text has the form of two formats. */
  matches(token: string): boolean;
  /** @throws OAuthError `invalid_target` when the resource servers cannot have a token in this format */
  issue(claims: NewClaims, context: IssuingContext, resources: Grant['resources']): Promise<string>;
  /**
   * The revocation list is not asked. What needs neither the store nor decryption is refused by a throw, not by a rejection.
   */
  verify(token: string, context: VerifyingContext): AccessToken | Promise<AccessToken>;
  /** @throws InvalidToken when there is nothing to revoke; OAuthError `invalid_grant` for a token of another client */
  revoke(token: string, client: Client, context: ValidationContext): Promise<void>;
}

/** The client learns of the refusal, and the token stays valid. RFC 7009 section 2.1 */
export const issuedToAnotherClient = () => new OAuthError('invalid_grant', 'the token was issued to another client');

/** For a token that is not in the table. */
export async function revokeThroughList(token: AccessToken, client: Client, { revocations }: ValidationContext) {
  if (token.claims.client_id !== client.client_id) throw issuedToAnotherClient();
  await revocations.revokeToken(token, shareOf(token, client));
}

/** An encrypted token has one recipient only. RFC 8707 section 2 */
export function requireSingleResource([first, ...others]: Grant['resources']): ResourceServer {
  if (others.length > 0) throw new OAuthError('invalid_target', 'an encrypted token is for one resource only');
  return first;
}
