import type { Form } from '../http/form.ts';
import { type Response, seeOther } from '../http/message.ts';
import { UntrustedClient } from '../interaction/error-pages.ts';
import type { Client } from '../oauth/client.ts';
import { type CallerId, OAuthError, Unavailable } from '../oauth/errors.ts';
import { isIdentifier } from '../oauth/identifier.ts';
import { matchesRedirectUri, redirectSource } from '../oauth/redirect-uri.ts';
import { defaultResponseMode, type ResponseMode, responseModes } from '../oauth/response-type.ts';
import { formPostPage } from '../pages/form-post.ts';
import type { Site } from '../pages/page.ts';

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
export const redirectSources = ({ client, redirect_uri }: ClientRedirect): string[] => [
  ...[redirect_uri, ...(client.redirect_uris ?? [])].map(redirectSource),
  ...(client.allowed_origins ?? []),
];

export type ResponseParameters = Readonly<Record<string, string | number | undefined>>;

type Send = (redirect: ClientRedirect, parameters: Readonly<Record<string, string>>, site: Site) => Response;

/** RFC 6749 section 4.1.2, OAuth 2.0 Multiple Response Type Encoding Practices, Form Post Response Mode */
const modes = {
  query: ({ redirect_uri }, parameters) =>
    seeOther(`${redirect_uri}${redirect_uri.includes('?') ? '&' : '?'}${new URLSearchParams(parameters)}`),
  fragment: ({ redirect_uri }, parameters) => seeOther(`${redirect_uri}#${new URLSearchParams(parameters)}`),
  form_post: (redirect, parameters, site) =>
    formPostPage(site, {
      redirect_uri: redirect.redirect_uri,
      formAction: redirectSources(redirect),
      parameters,
    }),
} as const satisfies Record<ResponseMode, Send>;

/** Sends an answer to the client. It names its issuer, also when it is an error. RFC 9207 section 2 */
export function sendToClient(
  redirect: ClientRedirect,
  answer: ResponseParameters,
  issuer: string,
  site: Site,
): Response {
  const parameters = Object.entries({ ...answer, state: redirect.state, iss: issuer });
  const present = parameters.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  return modes[redirect.response_mode](redirect, Object.fromEntries(present), site);
}

/** What the client learns of an error; of a fault only that it was one. RFC 6749 section 4.1.2.1 */
export function errorParameters(error: unknown): ResponseParameters {
  if (error instanceof OAuthError) return { error: error.code, error_description: error.message };
  const code = error instanceof Unavailable ? 'temporarily_unavailable' : 'server_error';
  return { error: code, error_description: 'try again in a moment' };
}
