import { authenticationMethods } from '../client-authentication/methods.ts';
import type { DiscoveryContext } from '../context.ts';
import { grantTypes } from '../grants/types.ts';
import { createDocument, respondWith } from '../http/cacheable.ts';
import type { Endpoint } from '../http/serve.ts';
import { OAuthError } from '../oauth/errors.ts';

const MAX_AGE = 3600;

/** RFC 8414 puts it between the host and the path of an issuer, OpenID Connect Discovery behind the path. */
const OAUTH_METADATA = '/.well-known/oauth-authorization-server';

/** Authorization server metadata. RFC 8414, OpenID Connect Discovery 1.0 section 4. */
export const discovery: Endpoint<DiscoveryContext> = {
  methods: ['GET'],
  handle(request, { issuer }) {
    const [, forIssuer] = request.path.split(OAUTH_METADATA);
    if (forIssuer && forIssuer !== new URL(issuer).pathname) {
      throw new OAuthError('invalid_request', 'there is no such issuer here', { status: 404 });
    }
    return respondWith(createDocument(metadata(issuer), MAX_AGE), request);
  },
};

/** Computed from what is registered, so that it cannot promise what is not there. */
function metadata(issuer: string) {
  const methods = authenticationMethods.map(({ name }) => name);
  return {
    issuer,
    token_endpoint: `${issuer}/token`,
    introspection_endpoint: `${issuer}/introspect`,
    revocation_endpoint: `${issuer}/revoke`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    grant_types_supported: [...grantTypes.keys()],
    token_endpoint_auth_methods_supported: methods,
    introspection_endpoint_auth_methods_supported: methods.filter((name) => name !== 'none'),
    revocation_endpoint_auth_methods_supported: methods,
    // Required members; empty for as long as there is no authorization endpoint and no ID token.
    response_types_supported: [],
    id_token_signing_alg_values_supported: [],
    subject_types_supported: ['public'],
  };
}
