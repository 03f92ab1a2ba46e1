import { ACCESS_TOKEN_TYP, type AccessToken } from '../oauth/access-token.ts';
import { OAuthError } from '../oauth/errors.ts';
import { randomId } from '../oauth/handle.ts';
import type { ResourceServer } from '../oauth/resource-server.ts';
import { validateClaims } from './claims.ts';
import { hasSegments } from './compact.ts';
import { type FormatExplanation, keyIdOf, readUnverified, tryToOpen } from './explanation.ts';
import { type AccessTokenFormat, revokeThroughList, type VerifyingContext } from './format.ts';
import { signJwt, type VerifiedJwt } from './jws.ts';

/** Verified without the store. RFC 9068 */
export const jwt: AccessTokenFormat<'jwt'> = {
  name: 'jwt',
  isSigned: true,
  matches: (token) => hasSegments(token, 3),

  async issue(claims, { signers }, resources) {
    const signer = await signers.get(commonSigningAlgorithm(resources));
    return signJwt(commonTyp(resources), { ...claims, jti: randomId() }, signer);
  },

  verify,

  revoke: async (token, client, context) => revokeThroughList(await verify(token, context), client, context),
};

function verify(token: string, context: VerifyingContext): AccessToken | Promise<AccessToken> {
  const verified = context.verifyJwt(token);
  return verified instanceof Promise ? verified.then((jwt) => accept(jwt, context)) : accept(verified, context);
}

const accept = ({ claims, kid }: VerifiedJwt, context: VerifyingContext): AccessToken => ({
  format: 'jwt',
  claims: validateClaims(claims, context),
  key: kid,
});

export const jwtExplanation: FormatExplanation = {
  description: 'a signed JWT that anybody can read, and that an API can verify by itself',
  async explain(token, { findJwtVerifier }) {
    const { header, claims } = readUnverified(token);
    const unverified = { header, claims, key: keyIdOf(header), isVerified: false, problems: [] };
    const verifyJwt = await findJwtVerifier();
    if (!verifyJwt) {
      return { ...unverified, unchecked: ['the signature: set VERIFICATION_KEYS, or set ISSUER to fetch its keys'] };
    }
    const { value, ...opened } = await tryToOpen(() => verifyJwt(token));
    if (!value) return { ...unverified, ...opened };
    return { header, claims: value.claims, key: value.kid, isVerified: true, ...opened };
  },
};

/** Undefined when none requires one. */
const commonSigningAlgorithm = (resources: readonly ResourceServer[]) =>
  common(resources.map((resource) => resource.access_token_signing_alg).filter((alg) => alg !== undefined));

const commonTyp = (resources: readonly ResourceServer[]) =>
  common(resources.map(({ access_token_typ = ACCESS_TOKEN_TYP }) => access_token_typ)) ?? ACCESS_TOKEN_TYP;

/** A token has one header, so they must agree. @throws OAuthError `invalid_target` */
function common<Value>(wanted: readonly Value[]): Value | undefined {
  const [value, ...others] = new Set(wanted);
  if (others.length > 0) {
    throw new OAuthError('invalid_target', 'one token cannot serve these resource servers together');
  }
  return value;
}
