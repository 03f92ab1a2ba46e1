import type { Form } from '../http/form.ts';
import type { Request } from '../http/message.ts';

/** What a caller presented to say who it is. */
export interface Credentials {
  readonly id: string;
  /** Absent for a public client. */
  readonly secret?: string;
}

/** A way for a client to authenticate. RFC 7591 section 2, `token_endpoint_auth_method`. */
export interface ClientAuthenticationMethod {
  readonly name: 'client_secret_basic' | 'client_secret_post' | 'none';
  /**
   * The credentials, if the request uses this method.
   * @throws OAuthError `invalid_client` when it does, but not properly
   */
  read(request: Request, form: Form): Credentials | undefined;
}
