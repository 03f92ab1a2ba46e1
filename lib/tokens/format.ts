import type { EncryptionKey } from '../keys/encryption-key.ts';
import type { OpeningKeys, SealingKeys } from '../keys/sealing-key.ts';
import type { Signers } from '../keys/signer.ts';
import type { Lazy } from '../lazy.ts';
import type { AccessToken, AccessTokenClaims, AccessTokenFormatName } from '../oauth/access-token.ts';
import type { Client } from '../oauth/client.ts';
import { OAuthError } from '../oauth/errors.ts';
import type { Grant } from '../oauth/grant.ts';
import type { Handles } from '../oauth/handle.ts';
import type { ResourceServer } from '../oauth/resource-server.ts';
import type { RevocationList } from '../revocation/list.ts';
import type { ReferenceTokenStore } from '../store/reference-token.ts';
import type { ClaimsPolicy } from './claims.ts';
import type { createChangingJwtVerifier } from './jws.ts';

/** The claims of a token that is about to be issued. The format adds its `jti`. */
export type NewClaims = { [Name in keyof AccessTokenClaims as Exclude<Name, 'jti'>]: AccessTokenClaims[Name] };

export interface IssuingContext {
  readonly signers: Signers;
  /** Where KMS derives the handle keys, they are loaded with the first handle. */
  readonly handles: Lazy<Handles>;
  readonly sealingKeys: SealingKeys;
  readonly referenceTokens: ReferenceTokenStore;
}

export interface VerifyingContext extends ClaimsPolicy {
  readonly verifyJwt: ReturnType<typeof createChangingJwtVerifier>;
  readonly handles: Lazy<Handles>;
  /** By `kid`. */
  readonly decryptionKeys: ReadonlyMap<string, EncryptionKey>;
  readonly openingKeys: OpeningKeys;
  readonly referenceTokens: ReferenceTokenStore;
}

export interface ValidationContext extends VerifyingContext {
  readonly revocations: RevocationList;
}

/** An access token format: everything in which access tokens differ. What explains them is in `explanation.ts`. */
export interface AccessTokenFormat<Name extends AccessTokenFormatName = AccessTokenFormatName> {
  readonly name: Name;
  /** Whether a text has the outer form of this format. No text has the form of two formats. */
  matches(token: string): boolean;
  /** @throws OAuthError `invalid_target` when the resource servers cannot have a token in this format */
  issue(claims: NewClaims, context: IssuingContext, resources: Grant['resources']): Promise<string>;
  /**
   * Opens a token that this service made and whose claims are in force. The revocation list is not asked. A token that can
   * be refused without the store and without decrypting is refused synchronously, by a throw and not by a rejection.
   * @throws InvalidToken
   */
  verify(token: string, context: VerifyingContext): AccessToken | Promise<AccessToken>;
  /**
   * Revokes a token of this client.
   * @throws InvalidToken when there is nothing to revoke; OAuthError `invalid_grant` for a token of another client
   */
  revoke(token: string, client: Client, context: ValidationContext): Promise<void>;
}

/** The client learns of the refusal, and the token stays in force. RFC 7009 section 2.1. */
export const issuedToAnotherClient = () => new OAuthError('invalid_grant', 'the token was issued to another client');

/** Revokes a token that is not in the table, by an entry on the revocation list. */
export async function revokeThroughList(token: AccessToken, client: Client, { revocations }: ValidationContext) {
  if (token.claims.client_id !== client.client_id) throw issuedToAnotherClient();
  await revocations.revokeToken(token);
}

/** An encrypted token has one recipient only. RFC 8707 section 2 */
export function requireSingleResource([first, ...others]: Grant['resources']): ResourceServer {
  if (others.length > 0) throw new OAuthError('invalid_target', 'an encrypted token is for one resource only');
  return first;
}
