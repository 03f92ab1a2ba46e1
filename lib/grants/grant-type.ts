import type { Form } from '../http/form.ts';
import type { Lazy } from '../lazy.ts';
import type { Client } from '../oauth/client.ts';
import type { Grant } from '../oauth/grant.ts';
import type { Handles } from '../oauth/handle.ts';
import type { ResourceServer } from '../oauth/resource-server.ts';
import type { EndingContext } from '../revocation/end-grant.ts';
import type { EpochStore } from '../store/epoch.ts';
import type { GrantingContext } from '../tokens/code.ts';
import type { SignInOutcome } from '../users/authenticate-user.ts';

/** All that a grant type may touch. */
export interface GrantContext extends GrantingContext, EndingContext {
  readonly issuer: string;
  readonly handles: Lazy<Handles>;
  readonly epochs: EpochStore;
  /** Seconds, unless the client says otherwise. */
  readonly reuseInterval: number;
  findResourceServer(identifier: string): Promise<ResourceServer | undefined>;
  /** Slows guessing down. */
  authenticateUser(username: string, password: string, address: string): Promise<SignInOutcome>;
}

/** What a client sent to the token endpoint, once it is known who it is. */
export interface GrantRequest {
  readonly form: Form;
  readonly client: Client;
  /** Where it came from, as the gateway saw it. */
  readonly address: string;
  /** Is given what is left to do once it is known whether tokens can be issued. */
  atEnd(ending: Ending): void;
}

export interface Ending {
  /** Makes the answer true, before it is sent. */
  readonly issued?: () => Promise<void>;
  /** Takes a change of state back. */
  readonly failed?: () => Promise<unknown>;
}

/** A value of `grant_type`, and how a grant is obtained with it. It returns a grant, never an answer. */
export interface GrantType {
  readonly name: string;
  /** @throws OAuthError by RFC 6749 section 5.2, having changed nothing */
  obtain(request: GrantRequest, context: GrantContext): Promise<Grant>;
}
