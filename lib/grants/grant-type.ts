import type { Form } from '../http/form.ts';
import type { Lazy } from '../lazy.ts';
import type { Client } from '../oauth/client.ts';
import type { Grant, PendingGrant } from '../oauth/grant.ts';
import type { Handles } from '../oauth/handle.ts';
import type { ResourceServer } from '../oauth/resource-server.ts';
import type { GrantRevocationContext } from '../revocation/revoke-grant.ts';
import type { EpochStore } from '../store/epoch.ts';
import type { GrantingContext } from '../tokens/code.ts';
import type { SignInOutcome } from '../users/authenticate-user.ts';

/** All that a grant type may touch. */
export interface GrantContext extends GrantingContext, GrantRevocationContext {
  readonly issuer: string;
  readonly handles: Lazy<Handles>;
  readonly epochs: EpochStore;
  /** Seconds, unless the client says otherwise. */
  readonly reuseInterval: number;
  findResourceServer(identifier: string): Promise<ResourceServer | undefined>;
  /** Delays the next attempt after failed ones. */
  authenticateUser(username: string, password: string, address: string): Promise<SignInOutcome>;
}

/** The request of an authenticated client at the token endpoint. */
export interface GrantRequest {
  readonly form: Form;
  readonly client: Client;
  /** The IP address that the gateway saw. */
  readonly address: string;
  /** Registers what remains to be done once tokens were issued, or could not be. The last call counts. */
  onOutcome(handlers: OutcomeHandlers): void;
}

export interface OutcomeHandlers {
  /** Runs before the answer is sent; a failure here fails the request. */
  readonly issued?: () => Promise<void>;
  /** Takes a change of state back. */
  readonly failed?: () => Promise<unknown>;
}

/** A value of `grant_type`, and how a grant is obtained with it. It returns a grant, never an answer. */
export interface GrantType {
  readonly name: string;
  /**
   * The grant, or that its subject has yet to decide.
   * @throws OAuthError by RFC 6749 section 5.2, having changed nothing
   */
  obtain(request: GrantRequest, context: GrantContext): Promise<Grant | PendingGrant>;
}
