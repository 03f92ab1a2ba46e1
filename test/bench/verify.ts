import { verify } from 'node:crypto';
import { JwtVerifier } from 'aws-jwt-verify';
import { importJWK, jwtVerify } from 'jose';
import { compose as composeAuthorizer } from '../../functions/authorizer.ts';
import { compose as composeToken } from '../../functions/token.ts';
import { jwt } from '../../lib/tokens/jwt.ts';
import { createFoundationWithTable } from '../../lib/wiring/foundation.ts';
import { ORDERS, prepareSignatures, variables } from './deployment.ts';
import type { Figure } from './figure.ts';
import { against, type Effort, interleave, mostRatio, pick } from './measure.ts';

const GOALS = { RS256: 1.2, ES256: 1.1 };

/** Verification of a JWT access token with all checks, from text to claims. The floor does nothing but the signature. */
export async function measure(effort: Effort): Promise<Figure[]> {
  return [...(await measureAlgorithm('RS256', effort)), ...(await measureAlgorithm('ES256', effort))];
}

async function measureAlgorithm(alg: keyof typeof GOALS, effort: Effort): Promise<Figure[]> {
  const env = variables(alg);
  const context = composeAuthorizer(createFoundationWithTable(env));
  const issuing = composeToken(createFoundationWithTable(env));
  const { issuer, clock } = issuing;
  const { kid } = await issuing.signers.get();
  const iat = clock();
  const claims = { iss: issuer, sub: 'machine', aud: 'orders', client_id: 'machine', scope: 'read write', iat };
  const tokens = await Promise.all(
    Array.from({ length: 64 }, (_, i) =>
      jwt.issue({ ...claims, exp: iat + 86_400, grant_id: `grant-${i}` }, issuing, [ORDERS]),
    ),
  );

  const { jwk, key, signatures } = prepareSignatures(alg, env, tokens);
  const joseKey = await importJWK(jwk, alg);
  const joseOptions = { issuer, audience: 'orders', typ: 'at+jwt', algorithms: [alg] };
  const awsVerifier = JwtVerifier.create({ issuer, audience: 'orders', jwksUri: `${issuer}/.well-known/jwks.json` });
  awsVerifier.cacheJwks({ keys: [{ ...jwk, kid, alg, use: 'sig' } as never] });

  const rounds = await interleave(
    {
      'crypto.verify': {
        call: (index) => {
          const { data, signature } = pick(signatures, index);
          if (!verify('sha256', data, key, signature)) throw new Error('not verified');
        },
      },
      [`verify ${alg}, all checks`]: { call: (index) => jwt.verify(pick(tokens, index), context) },
      'jose jwtVerify': { call: (index) => jwtVerify(pick(tokens, index), joseKey, joseOptions) },
      'aws-jwt-verify verifySync': { call: (index) => awsVerifier.verifySync(pick(tokens, index)) },
    },
    effort,
  );
  return [
    against(rounds, `verify ${alg}, all checks`, 'crypto.verify', mostRatio(GOALS[alg])),
    against(rounds, 'jose jwtVerify', 'crypto.verify', { isComparison: true }),
    against(rounds, 'aws-jwt-verify verifySync', 'crypto.verify', { isComparison: true }),
  ];
}
