import { supportedAcrValues } from './authentication-context.ts';
import { type ClaimsRequest, parseClaimsRequest } from './claims-request.ts';
import { type Client, isPublic } from './client.ts';
import { type ErrorCode, OAuthError } from './errors.ts';
import { CODE_CHALLENGE_METHOD, isCodeChallenge } from './pkce.ts';
import { type Prompt, parsePrompt } from './prompt.ts';
import { parseResponseType, type ResponseType } from './response-type.ts';
import { parseScope } from './scope.ts';

/** RFC 6749 section 4.1.1, OpenID Connect Core section 3.1.2.1 */
export interface AuthorizationRequest {
  readonly responseType: ResponseType;
  readonly scope: string | undefined;
  readonly resources: readonly string[];
  readonly nonce: string | undefined;
  readonly code_challenge: string | undefined;
  readonly prompt: ReadonlySet<Prompt>;
  /** Seconds since the user signed in, at most. */
  readonly max_age: number | undefined;
  readonly login_hint: string | undefined;
  readonly id_token_hint: string | undefined;
  readonly claims: string | undefined;
  readonly claimsRequest: ClaimsRequest;
  /** Of which the sign-in must reach one; undefined = any will do. */
  readonly essentialAcr: readonly unknown[] | undefined;
}

/** As sent. Only `resource` may occur several times. */
export interface Parameters {
  get(name: string): string | undefined;
  readonly resources: readonly string[];
}

/**
 * Of a validated client and redirect URI. Ignores unknown parameters, and `acr_values`, as an ID token always says which context was
 * reached. RFC 6749 section 4.1.2.1
 */
export function parseAuthorizationRequest(parameters: Parameters, client: Client): AuthorizationRequest {
  refuseRequestObjects(parameters);
  const responseType = parseResponseType(parameters.get('response_type'), client);
  const code_challenge = parseCodeChallenge(parameters, client, responseType);
  const scope = parameters.get('scope');
  const isOpenId = scope !== undefined && parseScope(scope).includes('openid');
  if (responseType.has('id_token') && !isOpenId) throw invalid('an ID token requires the scope openid');
  const nonce = parameters.get('nonce');
  // OpenID Connect Core sections 3.2.2.1 and 3.3.2.11.
  if (responseType.has('id_token') && nonce === undefined) throw invalid('nonce is missing');
  const claims = parameters.get('claims');
  const claimsRequest = parseClaimsRequest(claims);
  const essentialAcr = parseEssentialAcr(claimsRequest);
  return {
    responseType,
    code_challenge,
    scope,
    nonce,
    claims,
    claimsRequest,
    essentialAcr,
    resources: parameters.resources,
    prompt: parsePrompt(parameters.get('prompt')),
    max_age: parseMaxAge(parameters.get('max_age')) ?? client.default_max_age,
    login_hint: parameters.get('login_hint'),
    id_token_hint: parameters.get('id_token_hint'),
  };
}

/** Parameters that must be refused where they are not supported, instead of ignored. OpenID Connect Core sections 6 and 7.2.1 */
const notSupported = [
  ['request', 'request_not_supported'],
  ['request_uri', 'request_uri_not_supported'],
  ['registration', 'registration_not_supported'],
] as const satisfies readonly (readonly [string, ErrorCode])[];

function refuseRequestObjects(parameters: Parameters): void {
  for (const [name, code] of notSupported) {
    if (parameters.get(name) !== undefined) throw new OAuthError(code, `${name} is not supported`);
  }
}

/** Only a confidential client with `require_pkce: false` may leave it out. RFC 7636 section 4.4.1, RFC 9700 section 2.1.1 */
function parseCodeChallenge(parameters: Parameters, client: Client, responseType: ResponseType): string | undefined {
  if (!responseType.has('code')) return undefined;
  const challenge = parameters.get('code_challenge');
  const method = parameters.get('code_challenge_method');
  if (challenge === undefined) {
    if (method !== undefined) throw invalid('code_challenge is missing');
    if (isPublic(client) || client.require_pkce !== false) throw invalid('code_challenge is missing: PKCE is required');
    return undefined;
  }
  // Without a method the client means `plain`. RFC 7636 section 4.3
  if (method !== CODE_CHALLENGE_METHOD) throw invalid('code_challenge_method must be S256');
  if (!isCodeChallenge(challenge)) throw invalid('code_challenge is malformed');
  return challenge;
}

/** OpenID Connect Core section 5.5.1.1 */
export const unmetAuthentication = () =>
  new OAuthError('unmet_authentication_requirements', 'this authentication context is not supported');

/** Refused at once when nobody can reach any of them. */
function parseEssentialAcr({ id_token, userinfo }: ClaimsRequest): readonly unknown[] | undefined {
  const wanted = [id_token.get('acr'), userinfo.get('acr')].flatMap((acr) =>
    acr?.essential && acr.values ? [acr.values] : [],
  );
  const [first, ...others] = wanted;
  if (first === undefined) return undefined;
  const common = first.filter((acr) => others.every((values) => values.includes(acr)));
  if (!common.some((acr) => supportedAcrValues.includes(String(acr)))) throw unmetAuthentication();
  return common;
}

function parseMaxAge(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text)) throw invalid('max_age must be a number of seconds');
  return Number(text);
}

const invalid = (description: string) => new OAuthError('invalid_request', description);
