import { OAuthError } from '../oauth/errors.ts';
import type { ResourceServer } from '../oauth/resource-server.ts';

/**
 * The algorithm that one of these resource servers wants, if any does: those that state none take what there is.
 * @throws OAuthError `invalid_target`: a token has one signature, so those that want different ones cannot share it.
 * RFC 8707 section 2
 */
export function signingAlgorithm(resources: readonly ResourceServer[]): string | undefined {
  const wanted = resources.map((resource) => resource.access_token_signing_alg).filter((alg) => alg !== undefined);
  const [alg, ...others] = new Set(wanted);
  if (others.length > 0) {
    throw new OAuthError('invalid_target', 'one token cannot serve these resource servers together');
  }
  return alg;
}
