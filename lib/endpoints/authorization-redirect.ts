import type { Form } from '../http/form.ts';
import { UntrustedClient } from '../interaction/error-pages.ts';
import type { Client } from '../oauth/client.ts';
import type { CallerId } from '../oauth/errors.ts';
import { isIdentifier } from '../oauth/identifier.ts';
import { cspSource, matchesRedirectUri } from '../oauth/redirect-uri.ts';
import { defaultResponseMode, type ResponseMode, responseModes } from '../oauth/response-type.ts';

/** The way back to a client that is known, by a redirect URI that is registered for it. */
export interface ClientRedirect {
  readonly client: Client;
  readonly redirect_uri: string;
  readonly response_mode: ResponseMode;
  readonly state: string | undefined;
}

const untrustedClient = (reason: string, caller: CallerId = {}) =>
  new UntrustedClient('invalid_client', 'client_id is not that of a client', { reason, caller });

/** @throws UntrustedClient when the browser may be sent nowhere */
export async function findClientRedirect(
  parameters: Form,
  findClient: (client_id: string) => Promise<Client | undefined>,
): Promise<ClientRedirect> {
  const client_id = parameters.get('client_id') ?? '';
  const client = isIdentifier(client_id) ? await findClient(client_id) : undefined;
  if (!client) throw untrustedClient('unknown client');
  const caller = { client_id: client.client_id };
  if (!client.enabled) throw untrustedClient('disabled client', caller);

  const redirect_uri = parameters.get('redirect_uri') ?? '';
  if (!matchesRedirectUri(redirect_uri, client.redirect_uris ?? [])) {
    const description = 'redirect_uri is none of those registered for this client';
    throw new UntrustedClient('invalid_request', description, { caller });
  }
  return { client, redirect_uri, response_mode: modeForErrors(parameters), state: parameters.get('state') };
}

/** An error is sent in the mode that the request names, unless the mode is the error. */
function modeForErrors(parameters: Form): ResponseMode {
  const usual = defaultResponseMode(parameters.get('response_type'));
  const named = responseModes.find((mode) => mode === parameters.get('response_mode'));
  return named === undefined || (named === 'query' && usual === 'fragment') ? usual : named;
}

/**
 * Where the redirect may lead, as sources for `form-action`. Chromium checks it at every redirect that follows a form, so the
 * place where the client sends the browser next has to be known: another redirect URI of the client, or one of its origins.
 */
export const redirectCspSources = ({ client, redirect_uri }: ClientRedirect): string[] => [
  ...[redirect_uri, ...(client.redirect_uris ?? [])].map(cspSource),
  ...(client.allowed_origins ?? []),
];
