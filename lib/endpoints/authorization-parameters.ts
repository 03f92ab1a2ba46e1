import { type Form, MAX_QUERY_LENGTH } from '../http/form.ts';
import { OAuthError } from '../oauth/errors.ts';

/** Carried from page to page, besides `resource`. All others are dropped. */
const PARAMETERS = [
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'response_mode',
  'prompt',
  'max_age',
  'login_hint',
  'id_token_hint',
  'claims',
  'ui_locales',
  'claims_locales',
  'acr_values',
  'display',
  'request',
  'request_uri',
  'registration',
] as const;

/**
 * Pages post to it, so nothing is stored before the person has signed in. @throws OAuthError `invalid_request` when too long
 */
export function toAuthorizationQuery(parameters: Form): string {
  const query = new URLSearchParams([
    ...PARAMETERS.flatMap((name): [string, string][] => {
      const value = parameters.get(name);
      return value === undefined ? [] : [[name, value]];
    }),
    ...parameters.resources.map((resource): [string, string] => ['resource', resource]),
  ]).toString();
  if (query.length > MAX_QUERY_LENGTH) throw new OAuthError('invalid_request', 'the request is too long');
  return query;
}
