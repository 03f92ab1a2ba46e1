import { createPrivateKey, sign } from 'node:crypto';
import { tokenContext } from '../../lib/compose.ts';
import { randomId } from '../../lib/oauth/handle.ts';
import { signJwt } from '../../lib/tokens/jws.ts';
import { variables } from './deployment.ts';
import type { Figure } from './figure.ts';
import { against, type Effort, interleave, mostRatio } from './measure.ts';
import { report } from './subject.ts';

/** Signing a JWT with ES256, from claims to text. The floor does nothing but the signature. */
async function measure(effort: Effort): Promise<Figure[]> {
  const env = variables('ES256');
  const { signer, issuer, clock } = tokenContext(env);
  const [jwk] = (JSON.parse(env['SIGNING_KEYS']!) as { keys: [Record<string, string>] }).keys;
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  const iat = clock();
  const claims = { iss: issuer, sub: 'machine', aud: 'orders', client_id: 'machine', scope: 'read write', iat };
  const whole = { ...claims, exp: iat + 3600, grant_id: randomId(), jti: randomId() };
  const data = Buffer.from((await signJwt('at+jwt', whole, signer)).split('.', 2).join('.'));

  const rounds = await interleave(
    {
      'crypto.sign': { call: () => sign('sha256', data, key) },
      'sign ES256': { call: () => signJwt('at+jwt', whole, signer) },
    },
    effort,
  );
  return [against(rounds, 'sign ES256', 'crypto.sign', mostRatio(1.25))];
}

void report(measure);
