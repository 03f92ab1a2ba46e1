import type { Client } from './client.ts';
import { OAuthError } from './errors.ts';

/** RFC 6749 section 3.1.1, OAuth 2.0 Multiple Response Type Encoding Practices */
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

/** RFC 9700 section 2.1.2 */
export const defaultResponseTypes: readonly string[] = ['code'];

/** The order has no meaning. RFC 6749 section 3.1.1 */
const inOrder = (text: string): string => text.split(' ').sort().join(' ');

/** @throws OAuthError `invalid_request`, `unsupported_response_type`, `unauthorized_client`. RFC 6749 section 4.1.2.1 */
export function parseResponseType(text: string | undefined, client: Client): ResponseType {
  if (text === undefined) throw new OAuthError('invalid_request', 'response_type is missing');
  const name = inOrder(text);
  const responseType = responseTypes.get(name);
  if (!responseType) throw new OAuthError('unsupported_response_type', 'this response type is not supported');
  const allowed = (client.response_types ?? defaultResponseTypes).map(inOrder);
  if (!allowed.includes(name))
    throw new OAuthError('unauthorized_client', 'this client may not use this response type');
  if (responseType.has('code') && !client.grant_types.includes('authorization_code')) {
    throw new OAuthError('unauthorized_client', 'this client may not use the grant type authorization_code');
  }
  return responseType;
}

export const responseModes = ['query', 'fragment', 'form_post'] as const;

export type ResponseMode = (typeof responseModes)[number];

/** Also for a response type that is not known. */
export const hasTokens = (responseType = ''): boolean =>
  responseType.split(' ').some((member) => member === 'token' || member === 'id_token');

export const defaultResponseMode = (responseType: string | undefined): ResponseMode =>
  hasTokens(responseType) ? 'fragment' : 'query';

/** Of new clients. When a redirect URI redirects further, browsers carry the fragment along, and so the code. */
export const defaultResponseModes: readonly ResponseMode[] = ['query', 'form_post'];

/** For tokens, the response type decides: servers would log them in a query. Response Type Encoding Practices section 3.0 */
export const mayUseResponseMode = (
  mode: ResponseMode,
  responseType: string | undefined,
  { response_modes }: Pick<Client, 'response_modes'>,
): boolean =>
  hasTokens(responseType) ? mode !== 'query' : response_modes === undefined || response_modes.includes(mode);

/** @throws OAuthError `invalid_request`, `unauthorized_client` */
export function parseResponseMode(
  text: string | undefined,
  responseType: string | undefined,
  client: Client,
): ResponseMode {
  const mode =
    text === undefined ? defaultResponseMode(responseType) : responseModes.find((candidate) => candidate === text);
  if (!mode) throw new OAuthError('invalid_request', 'this response mode is not supported');
  if (mayUseResponseMode(mode, responseType, client)) return mode;
  throw hasTokens(responseType)
    ? new OAuthError('invalid_request', 'tokens cannot be returned in the query')
    : new OAuthError('unauthorized_client', 'this client may not use this response mode');
}
