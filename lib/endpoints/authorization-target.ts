import type { Form } from '../http/form.ts';
import type { Client } from '../oauth/client.ts';
import { type CallerId, OAuthError } from '../oauth/errors.ts';
import { isIdentifier } from '../oauth/identifier.ts';
import { matchesRedirectUri, redirectSource } from '../oauth/redirect-uri.ts';
import { defaultResponseMode, type ResponseMode, responseModes } from '../oauth/response-type.ts';

/** Where an answer may be sent: to a client that is known, and a redirect URI that is its own. */
export interface Target {
  readonly client: Client;
  readonly redirect_uri: string;
  readonly mode: ResponseMode;
  readonly state: string | undefined;
}

/** Nobody is sent anywhere: the user is told instead. RFC 6749 section 4.1.2.1, RFC 9700 section 4.11 */
export class Untrusted extends OAuthError {}

const untrustedClient = (reason: string, caller: CallerId = {}) =>
  new Untrusted('invalid_client', 'client_id is not that of a client', { reason, caller });

/** @throws Untrusted */
export async function findTarget(
  parameters: Form,
  findClient: (client_id: string) => Promise<Client | undefined>,
): Promise<Target> {
  const client_id = parameters.get('client_id') ?? '';
  const client = isIdentifier(client_id) ? await findClient(client_id) : undefined;
  if (!client) throw untrustedClient('unknown client');
  const caller = { client_id: client.client_id };
  if (!client.enabled) throw untrustedClient('disabled client', caller);

  const redirect_uri = parameters.get('redirect_uri') ?? '';
  if (!matchesRedirectUri(redirect_uri, client.redirect_uris ?? [])) {
    throw new Untrusted('invalid_request', 'redirect_uri is none of those registered for this client', { caller });
  }
  return { client, redirect_uri, mode: errorMode(parameters), state: parameters.get('state') };
}

/** An error goes the way that was asked for, unless that is an error itself. */
function errorMode(parameters: Form): ResponseMode {
  const usual = defaultResponseMode(parameters.get('response_type'));
  const wanted = responseModes.find((mode) => mode === parameters.get('response_mode'));
  return wanted === undefined || (wanted === 'query' && usual === 'fragment') ? usual : wanted;
}

/**
 * Where a form of ours may lead in the end. Chromium holds `form-action` against every redirect after a form, so that the
 * client's own next hop has to be known: it is one of its redirect URIs or of its origins, or the browser stops there.
 */
export const formActionFor = ({ client, redirect_uri }: Target): string[] => [
  ...[redirect_uri, ...(client.redirect_uris ?? [])].map(redirectSource),
  ...(client.allowed_origins ?? []),
];
