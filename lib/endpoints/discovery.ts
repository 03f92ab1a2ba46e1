import { authenticationMethods } from '../client-authentication/methods.ts';
import { grantTypes } from '../grants/grant-types.ts';
import { conditionalResponse, createPublicDocument } from '../http/public-document.ts';
import type { Endpoint } from '../http/serve.ts';
import type { LogContext } from '../log.ts';
import { supportedAcrValues } from '../oauth/authentication-context.ts';
import { OAuthError, Unavailable } from '../oauth/errors.ts';
import { CODE_CHALLENGE_METHOD } from '../oauth/pkce.ts';
import { prompts } from '../oauth/prompt.ts';
import { defaultResponseTypes, responseModes } from '../oauth/response-type.ts';
import { identityScopes } from '../oauth/scope.ts';
import { languages } from '../pages/texts.ts';
import { userClaimNames } from '../users/claims.ts';

export interface DiscoveryContext extends LogContext {
  readonly issuer: string;
  /** Those that keys sign with, or signed tokens with that may still be valid. */
  algorithms(): Promise<readonly string[]>;
  /** Seconds. */
  readonly jwksCache: number;
}

/** Seconds. Not longer than the keys are cached: a client with newer keys than this document would refuse their algorithm. */
const MAX_AGE = 3600;

/** RFC 8414 inserts this between the host and the path of the issuer. OpenID Connect Discovery appends its own to the path. */
const OAUTH_METADATA = '/.well-known/oauth-authorization-server';

/**
 * RFC 8414, OpenID Connect Discovery 1.0 section 4, RP-Initiated Logout section 2.1, Back-Channel Logout section 2.1, RFC 9207
 * section 3. Response types that only some clients may use are not advertised.
 */
export const discovery: Endpoint<DiscoveryContext> = {
  methods: ['GET'],
  cors: 'any',
  async handle(request, { issuer, algorithms, jwksCache }) {
    const [, forIssuer] = request.path.split(OAUTH_METADATA);
    if (forIssuer && forIssuer !== new URL(issuer).pathname) {
      throw new OAuthError('invalid_request', 'this issuer is unknown', { status: 404 });
    }
    const signingAlgorithms = [...new Set(await algorithms())];
    if (signingAlgorithms.length === 0) throw new Unavailable('a key that signs');
    return conditionalResponse(
      createPublicDocument(metadata(issuer, signingAlgorithms), Math.min(MAX_AGE, jwksCache)),
      request,
    );
  },
};

/** The claims of ID tokens that describe the token and not the person. OpenID Connect Core section 2 */
const TOKEN_CLAIMS = [
  'iss',
  'sub',
  'aud',
  'exp',
  'iat',
  'auth_time',
  'nonce',
  'acr',
  'amr',
  'azp',
  'sid',
  'at_hash',
  'c_hash',
];

/** Computed from the registries, so that it lists exactly what is supported. */
function metadata(issuer: string, signingAlgorithms: readonly string[]) {
  const methods = authenticationMethods.map(({ name }) => name);
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    end_session_endpoint: `${issuer}/logout`,
    introspection_endpoint: `${issuer}/introspect`,
    revocation_endpoint: `${issuer}/revoke`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    scopes_supported: identityScopes,
    response_types_supported: defaultResponseTypes,
    response_modes_supported: responseModes,
    grant_types_supported: [...grantTypes.keys()],
    code_challenge_methods_supported: [CODE_CHALLENGE_METHOD],
    prompt_values_supported: prompts,
    ui_locales_supported: [...languages.keys()],
    authorization_response_iss_parameter_supported: true,
    token_endpoint_auth_methods_supported: methods,
    introspection_endpoint_auth_methods_supported: methods.filter((name) => name !== 'none'),
    revocation_endpoint_auth_methods_supported: methods,
    subject_types_supported: ['public'],
    acr_values_supported: supportedAcrValues,
    id_token_signing_alg_values_supported: signingAlgorithms,
    claims_supported: [...TOKEN_CLAIMS, ...userClaimNames],
    claims_parameter_supported: true,
    // `request_object_signing_alg_values_supported` would be empty, and is therefore left out. OpenID Connect Discovery section 4.2
    request_parameter_supported: false,
    // If left out, it would count as supported. OpenID Connect Discovery section 3
    request_uri_parameter_supported: false,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
  };
}
