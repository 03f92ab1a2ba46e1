import type { Client } from './client.ts';
import { OAuthError } from './errors.ts';

/** What an authorization response holds. RFC 6749 section 3.1.1, OAuth 2.0 Multiple Response Type Encoding Practices */
export type ResponseType = ReadonlySet<'code' | 'id_token' | 'token'>;

const responseTypes: ReadonlyMap<string, ResponseType> = new Map(
  (
    [
      ['code'],
      ['code', 'id_token'],
      ['code', 'token'],
      ['code', 'id_token', 'token'],
      ['id_token'],
      ['id_token', 'token'],
    ] as const
  ).map((members) => [members.join(' '), new Set(members)]),
);

/** What a client has without a word about it, and all that is advertised. RFC 9700 section 2.1.2 */
export const defaultResponseTypes: readonly string[] = ['code'];

/** The order of its members means nothing. */
const inOrder = (text: string): string => text.split(' ').sort().join(' ');

/**
 * @throws OAuthError `unsupported_response_type`, or `unauthorized_client` for one that the client is not registered for:
 * without a word about it a client has `code` alone. RFC 6749 section 4.1.2.1
 */
export function parseResponseType(text: string | undefined, client: Client): ResponseType {
  if (text === undefined) throw new OAuthError('invalid_request', 'response_type is missing');
  const name = inOrder(text);
  const responseType = responseTypes.get(name);
  if (!responseType) throw new OAuthError('unsupported_response_type', 'this response type is not supported');
  const allowed = (client.response_types ?? defaultResponseTypes).map(inOrder);
  if (!allowed.includes(name))
    throw new OAuthError('unauthorized_client', 'this client may not use this response type');
  if (responseType.has('code') && !client.grant_types.includes('authorization_code')) {
    throw new OAuthError('unauthorized_client', 'this client may have no authorization code');
  }
  return responseType;
}

/** How the answer reaches the client. */
export const responseModes = ['query', 'fragment', 'form_post'] as const;

export type ResponseMode = (typeof responseModes)[number];

/** Whether a token is in the answer, which must not be in a URL that servers see. Response types as sent, known or not. */
const hasTokens = (responseType = ''): boolean =>
  responseType.split(' ').some((member) => member === 'token' || member === 'id_token');

export const defaultResponseMode = (responseType: string | undefined): ResponseMode =>
  hasTokens(responseType) ? 'fragment' : 'query';

/**
 * @throws OAuthError `invalid_request`, also for tokens in a query. Multiple Response Type Encoding Practices section 3.0
 */
export function parseResponseMode(text: string | undefined, responseType: string | undefined): ResponseMode {
  if (text === undefined) return defaultResponseMode(responseType);
  const mode = responseModes.find((candidate) => candidate === text);
  if (!mode) throw new OAuthError('invalid_request', 'this response mode is not supported');
  if (mode === 'query' && hasTokens(responseType)) {
    throw new OAuthError('invalid_request', 'tokens are not put into a query');
  }
  return mode;
}
