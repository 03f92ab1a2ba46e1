import { createPrivateKey, sign } from 'node:crypto';
import { compose as composeToken } from '../../functions/token.ts';
import { startKms } from '../../infra/local/kms/server.ts';
import { UNCHECKED } from '../../lib/key-registry/authenticity.ts';
import { createRegistryCopy } from '../../lib/key-registry/copy.ts';
import { registrySigners } from '../../lib/key-registry/signers.ts';
import { addKey } from '../../lib/key-registry/transitions.ts';
import { createKmsClient } from '../../lib/kms/kms.ts';
import { kmsSigners } from '../../lib/kms/signers.ts';
import { createWrappedKey } from '../../lib/kms/wrapped-key.ts';
import { randomId } from '../../lib/oauth/handle.ts';
import { signJwt } from '../../lib/tokens/jws.ts';
import { createFoundationWithTable } from '../../lib/wiring/foundation.ts';
import { createKey } from '../support/kms-world.ts';
import { variables } from './deployment.ts';
import type { Figure } from './figure.ts';
import { against, type Effort, interleave, mostRatio } from './measure.ts';

const AWS = { region: 'eu-west-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };

/** The time of the SDK and of the stand-in's own signature, both in this process, and nothing of a network. */
const IN_KMS = 'sign ES256 in KMS (stand-in)';

/** Signed by the key registry, which costs a look at the clock; the private half was decrypted at the first signature. */
const WRAPPED = 'sign ES256, wrapped by KMS';

/** Signing a JWT with ES256, from claims to text. The floor does nothing but the signature. */
export async function measure(effort: Effort): Promise<Figure[]> {
  const env = variables('ES256');
  const { signers, issuer, clock } = composeToken(createFoundationWithTable(env));
  const signer = await signers.get();
  const [jwk] = (JSON.parse(env['SIGNING_KEYS']!) as { keys: [Record<string, string>] }).keys;
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' });
  const iat = clock();
  const claims = { iss: issuer, sub: 'machine', aud: 'orders', client_id: 'machine', scope: 'read write', iat };
  const whole = { ...claims, exp: iat + 3600, grant_id: randomId(), jti: randomId() };
  const data = Buffer.from((await signJwt('at+jwt', whole, signer)).split('.', 2).join('.'));

  const standIn = await startKms();
  const kms = createKmsClient({ ...AWS, endpoint: standIn.endpoint, patience: 10 });
  const inKms = await kmsSigners([{ id: createKey(standIn, 'ECC_NIST_P256') }], kms).get();

  const wrappingKey = createKey(standIn, 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT');
  const key = await createWrappedKey(kms, { issuer, wrappingKey, alg: 'ES256' });
  const copy = createRegistryCopy(async () => addKey(undefined, key, iat), clock, UNCHECKED);
  const wrapped = registrySigners(copy, { issuer, kms, keys: [] });
  await wrapped.get();

  const rounds = await interleave(
    {
      'crypto.sign': { call: () => sign('sha256', data, privateKey) },
      'sign ES256': { call: () => signJwt('at+jwt', whole, signer) },
      [WRAPPED]: { call: async () => signJwt('at+jwt', whole, await wrapped.get()) },
      [IN_KMS]: { call: () => signJwt('at+jwt', whole, inKms) },
    },
    effort,
  );
  await standIn.stop();
  return [
    against(rounds, 'sign ES256', 'crypto.sign', mostRatio(1.15)),
    against(rounds, WRAPPED, 'crypto.sign', mostRatio(1.15)),
    against(rounds, IN_KMS, 'crypto.sign', { isComparison: true }),
  ];
}
