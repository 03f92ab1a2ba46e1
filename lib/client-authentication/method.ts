import type { Clock } from '../clock.ts';
import type { Form } from '../http/form.ts';
import type { HttpRequest } from '../http/message.ts';
import type { Client } from '../oauth/client.ts';
import type { ResourceServer } from '../oauth/resource-server.ts';

export interface AuthenticationContext {
  readonly clock: Clock;
  /** The audience of client assertions. RFC 7523 section 3 */
  readonly issuer: string;
  /** Throttles guesses. @throws OAuthError `invalid_client`; `temporarily_unavailable` during a delay; Unavailable */
  requireSecret(secret: string | undefined): Promise<void>;
}

/** RFC 7591 section 2, `token_endpoint_auth_method` */
export interface ClientAuthenticationMethod {
  readonly name: string;
  /** Resource servers, and clients without a registered method, may use any method that uses a secret of their record. */
  readonly usesSecret: boolean;
  /** If not, the method only names a client: beside another method, what it names accompanies the proof. */
  readonly provesIdentity: boolean;
  /** Undefined if the request does not use this method. @throws OAuthError `invalid_client` for improper use */
  identify(request: HttpRequest, form: Form): string | undefined;
  /** The client is enabled and may use the method. @throws as `requireSecret` */
  authenticate(
    request: HttpRequest,
    form: Form,
    client: Client | ResourceServer,
    context: AuthenticationContext,
  ): Promise<void>;
}
