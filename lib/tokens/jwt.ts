import { randomId } from '../oauth/handle.ts';
import { validateClaims } from './claims.ts';
import { type AccessTokenFormat, issuedToAnotherClient, type VerifyingContext } from './format.ts';
import { signJwt } from './jws.ts';
import { signingAlgorithm } from './signing-algorithm.ts';

/** RFC 9068 section 2.1. */
export const ACCESS_TOKEN_TYP = 'at+jwt';

/** Self-contained: signed claims, verified without the store. RFC 9068. */
export const jwt: AccessTokenFormat = {
  matches: (token) => token.includes('.'),

  async issue(claims, { signers }, { resources }) {
    const signer = await signers.get(signingAlgorithm(resources));
    return signJwt(ACCESS_TOKEN_TYP, { ...claims, jti: randomId() }, signer);
  },

  verify,

  async revoke(token, client, context) {
    const accessToken = verify(token, context);
    if (accessToken.claims.client_id !== client.client_id) throw issuedToAnotherClient();
    await context.revocations.revokeToken(accessToken);
  },
};

function verify(token: string, context: VerifyingContext) {
  const { claims, kid } = context.verifyJwt(token);
  return { format: 'jwt', claims: validateClaims(claims, context), key: kid } as const;
}
