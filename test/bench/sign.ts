import { createPrivateKey, sign } from 'node:crypto';
import { startKms } from '../../infra/local/kms/server.ts';
import { tokenContext } from '../../lib/compose.ts';
import { createKms } from '../../lib/keys/kms.ts';
import { kmsSigners } from '../../lib/keys/kms-signer.ts';
import { randomId } from '../../lib/oauth/handle.ts';
import { signJwt } from '../../lib/tokens/jws.ts';
import { createKey } from '../support/kms-world.ts';
import { variables } from './deployment.ts';
import type { Figure } from './figure.ts';
import { against, type Effort, interleave, mostRatio } from './measure.ts';
import { report } from './subject.ts';

const AWS = { region: 'eu-west-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };

/** The time of the SDK and of the stand-in's own signature, both in this process, and nothing of a network. */
const IN_KMS = 'sign ES256 in KMS (stand-in)';

/** Signing a JWT with ES256, from claims to text. The floor does nothing but the signature. */
async function measure(effort: Effort): Promise<Figure[]> {
  const env = variables('ES256');
  const { signers, issuer, clock } = tokenContext(env);
  const signer = await signers.get();
  const [jwk] = (JSON.parse(env['SIGNING_KEYS']!) as { keys: [Record<string, string>] }).keys;
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  const iat = clock();
  const claims = { iss: issuer, sub: 'machine', aud: 'orders', client_id: 'machine', scope: 'read write', iat };
  const whole = { ...claims, exp: iat + 3600, grant_id: randomId(), jti: randomId() };
  const data = Buffer.from((await signJwt('at+jwt', whole, signer)).split('.', 2).join('.'));

  const kms = await startKms();
  const inKms = await kmsSigners(
    [{ id: createKey(kms, 'ECC_NIST_P256') }],
    createKms({ ...AWS, endpoint: kms.endpoint }),
  ).get();

  const rounds = await interleave(
    {
      'crypto.sign': { call: () => sign('sha256', data, key) },
      'sign ES256': { call: () => signJwt('at+jwt', whole, signer) },
      [IN_KMS]: { call: () => signJwt('at+jwt', whole, inKms) },
    },
    effort,
  );
  await kms.stop();
  return [
    against(rounds, 'sign ES256', 'crypto.sign', mostRatio(1.25)),
    against(rounds, IN_KMS, 'crypto.sign', { isComparison: true }),
  ];
}

void report(measure);
