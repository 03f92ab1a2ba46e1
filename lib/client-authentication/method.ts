import type { Clock } from '../clock.ts';
import type { Form } from '../http/form.ts';
import type { HttpRequest } from '../http/message.ts';
import type { Client } from '../oauth/client.ts';
import type { ResourceServer } from '../oauth/resource-server.ts';
import type { PresentedSecret } from '../secrets/presented-secret.ts';

export interface AuthenticationContext {
  readonly clock: Clock;
  /** The audience of client assertions. RFC 7523 section 3 */
  readonly issuer: string;
  /** By which the caller was found, one of those that `identify` returned. */
  readonly id: string;
  /** Throttles guesses. @throws OAuthError `invalid_client`; `temporarily_unavailable` during a delay; Unavailable */
  requireSecret(secret: PresentedSecret | undefined): Promise<void>;
}

/** RFC 7591 section 2, `token_endpoint_auth_method` */
export interface ClientAuthenticationMethod {
  readonly name: string;
  /** Resource servers, and clients without a registered method, may use any method that uses a secret of their record. */
  readonly usesSecret: boolean;
  /** If not, the method only names a client: beside another method, what it names accompanies the proof. */
  readonly provesIdentity: boolean;
  /**
   * Whom the request may mean, the likeliest first; a few, as each can cost a read. Undefined if the request does not use this
   * method. @throws OAuthError `invalid_client` for improper use
   */
  identify(request: HttpRequest, form: Form): readonly string[] | undefined;
  /** The client is enabled and may use the method. @throws as `requireSecret` */
  authenticate(
    request: HttpRequest,
    form: Form,
    client: Client | ResourceServer,
    context: AuthenticationContext,
  ): Promise<void>;
}
