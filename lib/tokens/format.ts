import type { EncryptionKey } from '../keys/encryption-key.ts';
import type { OpeningKeys, SealingKeys } from '../keys/sealing-key.ts';
import type { Signers } from '../keys/signer.ts';
import type { Lazy } from '../lazy.ts';
import type { AccessToken, AccessTokenClaims } from '../oauth/access-token.ts';
import type { Client } from '../oauth/client.ts';
import { OAuthError } from '../oauth/errors.ts';
import type { Grant } from '../oauth/grant.ts';
import type { Handles } from '../oauth/handle.ts';
import type { ResourceServer } from '../oauth/resource-server.ts';
import type { RevocationList } from '../revocation/list.ts';
import type { ReferenceTokenStore } from '../store/reference-token.ts';
import type { ClaimsPolicy } from './claims.ts';
import type { createChangingJwtVerifier } from './jws.ts';

/** The claims of a token that is about to be issued; the format gives it its `jti`. */
export type NewClaims = { [Name in keyof AccessTokenClaims as Exclude<Name, 'jti'>]: AccessTokenClaims[Name] };

export interface IssuingContext {
  readonly signers: Signers;
  /** Not at hand before the first handle, where the handle keys come from KMS. */
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

export interface RevokingContext extends VerifyingContext {
  readonly revocations: RevocationList;
}

/** An access token format: all that differs between one way of making access tokens and another. */
export interface AccessTokenFormat {
  /** Whether a text has the outer form of this format. No text has that of two. */
  matches(token: string): boolean;
  /** @throws OAuthError `invalid_target` when the resource servers cannot have a token in this format */
  issue(claims: NewClaims, context: IssuingContext, resources: Grant['resources']): Promise<string>;
  /**
   * The token, found to be ours and in force by its own claims; whether it was revoked through the list is not asked.
   * What can be told without the store and without decrypting is told at once, by a throw and not by a rejection.
   * @throws InvalidToken
   */
  verify(token: string, context: VerifyingContext): AccessToken | Promise<AccessToken>;
  /**
   * Ends a token that was issued to this client.
   * @throws InvalidToken when there is nothing to revoke; OAuthError `invalid_grant` when it is another client's
   */
  revoke(token: string, client: Client, context: RevokingContext): Promise<void>;
}

/** RFC 7009 section 2.1: the refusal is told, and the token lives on. */
export const issuedToAnotherClient = () => new OAuthError('invalid_grant', 'the token was issued to another client');

/** Revokes a token that is not in the table. */
export async function revokeThroughList(token: AccessToken, client: Client, { revocations }: RevokingContext) {
  if (token.claims.client_id !== client.client_id) throw issuedToAnotherClient();
  await revocations.revokeToken(token);
}

/** One token can be encrypted for one reader only. RFC 8707 section 2. */
export function onlyResource([first, ...others]: Grant['resources']): ResourceServer {
  if (others.length > 0) throw new OAuthError('invalid_target', 'an encrypted token is for one resource only');
  return first;
}
