import type { Form } from '../http/form.ts';
import type { Client } from '../oauth/client.ts';
import type { ObtainedGrant, PendingGrant } from '../oauth/grant.ts';
import type { HandlesByKind } from '../oauth/handle.ts';
import type { ResourceServer } from '../oauth/resource-server.ts';
import type { GrantRevocationContext } from '../revocation/revoke-grant.ts';
import type { EpochStore } from '../store/epoch.ts';
import type { GrantingContext } from '../tokens/code.ts';
import type { AttemptOrigin, SignInOutcome } from '../users/authenticate-user.ts';

export interface GrantContext extends GrantingContext, GrantRevocationContext {
  readonly issuer: string;
  readonly handles: HandlesByKind<'code' | 'refresh_token'>;
  readonly epochs: EpochStore;
  /** Seconds, unless the client has another value. */
  readonly reuseInterval: number;
  findResourceServer(identifier: string): Promise<ResourceServer | undefined>;
  /** Delays further attempts after failed ones. */
  authenticateUser(username: string, password: string, origin: AttemptOrigin): Promise<SignInOutcome>;
}

export interface GrantRequest {
  readonly form: Form;
  readonly client: Client;
  /** Those of the form, as they are registered. RFC 8707 section 2 */
  readonly resources: readonly string[];
  /** As the gateway saw it. */
  readonly address: string;
  /** Sets what is done when tokens have been issued, or could not be. Replaces what an earlier call has set. */
  onOutcome(handlers: OutcomeHandlers): void;
}

export interface OutcomeHandlers {
  /** If it fails, the request fails. */
  readonly issued?: () => Promise<void>;
  readonly failed?: () => Promise<unknown>;
}

export interface GrantType {
  readonly name: string;
  /** @throws OAuthError with a code of RFC 6749 section 5.2; Unavailable */
  obtain(request: GrantRequest, context: GrantContext): Promise<ObtainedGrant | PendingGrant>;
}
