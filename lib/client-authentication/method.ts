import type { Clock } from '../clock.ts';
import type { Form } from '../http/form.ts';
import type { HttpRequest } from '../http/message.ts';
import type { Client } from '../oauth/client.ts';
import type { ResourceServer } from '../oauth/resource-server.ts';

/** Everything that a method may use. */
export interface AuthenticationContext {
  readonly clock: Clock;
  /** The audience of client assertions. RFC 7523 section 3 */
  readonly issuer: string;
}

/** A client authentication method: RFC 7591 section 2, `token_endpoint_auth_method` */
export interface ClientAuthenticationMethod {
  readonly name: string;
  /**
   * Whether the caller presents one of the secrets in its record. Resource servers, and clients without a registered method, may use
   * any such method.
   */
  readonly usesSecret: boolean;
  /**
   * The id of the caller, if the request uses this method.
   * @throws OAuthError `invalid_client` when the request uses the method improperly
   */
  identify(request: HttpRequest, form: Form): string | undefined;
  /**
   * Proves that the request comes from this client, which is enabled and may use the method.
   * @throws OAuthError `invalid_client`
   */
  authenticate(
    request: HttpRequest,
    form: Form,
    client: Client | ResourceServer,
    context: AuthenticationContext,
  ): Promise<void>;
}
