import { isUtf8 } from 'node:buffer';
import { OAuthError } from '../oauth/errors.ts';
import { decodeFormComponent } from '../oauth/form-component.ts';
import type { HttpRequest } from './message.ts';

/** Four times the largest token. */
const MAX_BODY_BYTES = 32 * 1024;
const MAX_PARAMETERS = 64;

/** API Gateway limits the request line and the headers together to 10 KB. */
export const MAX_QUERY_LENGTH = 8 * 1024;

/** RFC 8707 section 2 */
const REPEATABLE = 'resource';

/** URLs end up in logs. RFC 6749 section 2.3.1, RFC 6750 section 5.3 */
const CREDENTIALS = ['client_secret', 'client_assertion', 'token', 'access_token', 'refresh_token', 'code', 'password'];

/** A parameter without a value counts as absent. RFC 6749 section 3.2 */
export interface Form {
  get(name: string): string | undefined;
  /** @throws OAuthError `invalid_request` */
  require(name: string): string;
  /** Of `resource`, the repeatable parameter. */
  readonly resources: readonly string[];
}

/** Refuses a repeated parameter, and credentials in the query. RFC 6749 section 3.2. @throws OAuthError `invalid_request` */
export function parseForm(request: HttpRequest): Form {
  refuseCredentialsInQuery(request.query);
  const [mediaType, ...others] = request.header('content-type');
  if (others.length > 0 || mediaType === undefined || !isForm(mediaType)) {
    throw invalid('the body must be application/x-www-form-urlencoded');
  }
  if (request.body.length > MAX_BODY_BYTES) throw invalid('the body is too large');
  if (!isUtf8(request.body)) throw invalid('the body is not UTF-8');
  return parseParameters(request.body.toString());
}

/** @throws OAuthError `invalid_request`, as `parseForm` */
export function parseQuery({ query }: HttpRequest): Form {
  if (query.length > MAX_QUERY_LENGTH) throw invalid('the query is too long');
  refuseCredentialsInQuery(query);
  return parseParameters(query);
}

function parseParameters(text: string): Form {
  const values = new Map<string, string>();
  const resources: string[] = [];
  for (const [name, value] of decodePairs(text)) {
    if (name === REPEATABLE) {
      if (value !== '') resources.push(value);
    } else if (values.has(name)) throw invalid('a parameter is repeated');
    else values.set(name, value);
  }
  const get = (name: string) => values.get(name) || undefined;
  return {
    get,
    require(name) {
      const value = get(name);
      if (value === undefined) throw invalid(`${name} is missing`);
      return value;
    },
    resources,
  };
}

const isForm = (mediaType: string) => /^application\/x-www-form-urlencoded *(;|$)/i.test(mediaType);

export function refuseCredentialsInQuery(query: string): void {
  const names = new Set(new URLSearchParams(query).keys());
  if (CREDENTIALS.some((name) => names.has(name))) throw invalid('credentials must not be sent in the query');
}

function* decodePairs(text: string): Generator<[string, string]> {
  const pairs = text.split('&').filter((pair) => pair !== '');
  if (pairs.length > MAX_PARAMETERS) throw invalid('there are too many parameters');
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const name = decodeFormComponent(at < 0 ? pair : pair.slice(0, at));
    const value = decodeFormComponent(at < 0 ? '' : pair.slice(at + 1));
    if (name === undefined || value === undefined) throw invalid('the parameters are malformed');
    yield [name, value];
  }
}

const invalid = (description: string) => new OAuthError('invalid_request', description);
