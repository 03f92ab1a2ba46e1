import type { Form } from '../http/form.ts';
import type { HttpRequest } from '../http/message.ts';
import type { Client } from '../oauth/client.ts';
import { OAuthError } from '../oauth/errors.ts';
import { isIdentifier } from '../oauth/identifier.ts';
import { clientSecretBasic } from './client-secret-basic.ts';
import { clientSecretPost } from './client-secret-post.ts';
import { invalidClient } from './invalid-client.ts';
import type { ClientAuthenticationMethod } from './method.ts';
import { none } from './none.ts';

/** The registry of client authentication methods. A new method is a file and a line here. */
export const authenticationMethods: readonly ClientAuthenticationMethod[] = [clientSecretBasic, clientSecretPost, none];

/** Whether a client authenticates with one of its secrets. */
export const usesSecret = ({ token_endpoint_auth_method: registered }: Client): boolean =>
  registered === undefined || authenticationMethods.some(({ name, usesSecret }) => usesSecret && name === registered);

/** The method that a request uses, and the id that the caller presents with it. */
export interface PresentedIdentity {
  readonly method: ClientAuthenticationMethod;
  readonly id: string;
}

/**
 * Reads which caller a request claims to be from, without authenticating it. RFC 6749 section 2.3
 * @throws OAuthError `invalid_client` without an identity; `invalid_request` with two methods or two ids
 */
export function identifyCaller(request: HttpRequest, form: Form): PresentedIdentity {
  const identities = authenticationMethods.flatMap((method) => {
    const id = method.identify(request, form);
    return id === undefined ? [] : [{ method, id }];
  });
  // Only a public client presents nothing but its `client_id`, which can also accompany the credentials of other methods.
  const proofs = identities.filter(({ method }) => method !== none);
  const [presented, ...others] = proofs.length > 0 ? proofs : identities;
  if (!presented) throw invalidClient('no authentication');
  if (others.length > 0)
    throw new OAuthError('invalid_request', 'the request uses more than one client authentication method');
  const named = form.get('client_id');
  if (named !== undefined && named !== presented.id) {
    throw new OAuthError('invalid_request', 'client_id does not match the client authentication');
  }
  if (!isIdentifier(presented.id)) throw invalidClient('unknown client');
  return presented;
}
