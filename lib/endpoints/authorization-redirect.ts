import type { Form } from '../http/form.ts';
import { UntrustedClient } from '../interaction/error-pages.ts';
import type { Client } from '../oauth/client.ts';
import type { CallerId } from '../oauth/errors.ts';
import { isIdentifier } from '../oauth/identifier.ts';
import { matchesRedirectUri } from '../oauth/redirect-uri.ts';
import { readRefusedRequestObject } from '../oauth/request-object.ts';
import { defaultResponseMode, mayUseResponseMode, type ResponseMode, responseModes } from '../oauth/response-type.ts';

/** How to redirect to a registered client: to a redirect URI that is registered for it, and with its `state`. */
export interface ClientRedirect {
  readonly client: Client;
  readonly redirect_uri: string;
  readonly redirect_uri_omitted?: true;
  readonly response_mode: ResponseMode;
  readonly state: string | undefined;
}

const untrustedClient = (reason: string, caller: CallerId = {}) =>
  new UntrustedClient('invalid_client', 'client_id is unknown', { reason, caller });

/**
 * Before anything else is refused, so that every refusal travels as the request says, in its parameters or in a request object.
 * @throws UntrustedClient when the client or its redirect URI is not registered, so nothing may be sent there; Unavailable
 */
export async function findClientRedirect(
  parameters: Form,
  findClient: (client_id: string) => Promise<Client | undefined>,
): Promise<ClientRedirect> {
  const client_id = parameters.get('client_id');
  if (client_id === undefined) throw new UntrustedClient('invalid_client', 'client_id is missing');
  const client = isIdentifier(client_id) ? await findClient(client_id) : undefined;
  if (!client) throw untrustedClient('unknown client');
  const caller = { client_id: client.client_id };
  if (!client.enabled) throw untrustedClient('disabled client', caller);

  const inObject = readRefusedRequestObject(parameters.get('request'));
  // A request object supersedes the parameters. OpenID Connect Core section 6.1
  const get = (name: string) => inObject.get(name) || parameters.get(name);
  const requested = get('redirect_uri');
  const redirect_uri = requested ?? impliedRedirectUri(get('scope'), client);
  if (redirect_uri === undefined) throw new UntrustedClient('invalid_request', 'redirect_uri is missing', { caller });
  if (!matchesRedirectUri(redirect_uri, client.redirect_uris ?? [], client.private_use_schemes)) {
    const description = 'redirect_uri is not registered for this client';
    throw new UntrustedClient('invalid_request', description, { caller });
  }
  return {
    client,
    redirect_uri,
    ...(requested === undefined && { redirect_uri_omitted: true }),
    response_mode: modeForErrors(get, client),
    state: get('state'),
  };
}

/** The only one of the client. RFC 6749 section 3.1.2.3; OpenID Connect Core section 3.1.2.1 requires the parameter. */
function impliedRedirectUri(scope: string | undefined, { redirect_uris = [] }: Client): string | undefined {
  const [only, ...others] = redirect_uris;
  return scope?.split(' ').includes('openid') || others.length > 0 ? undefined : only;
}

/** Errors are sent in the requested mode, unless that mode is itself invalid. */
function modeForErrors(get: Form['get'], client: Client): ResponseMode {
  const responseType = get('response_type');
  const named = responseModes.find((mode) => mode === get('response_mode'));
  return named !== undefined && mayUseResponseMode(named, responseType, client)
    ? named
    : defaultResponseMode(responseType);
}
