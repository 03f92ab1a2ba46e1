import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { type Algorithm, type AlgorithmName, algorithms } from '../../lib/keys/algorithm.ts';
import { parseKeys } from '../../lib/keys/jwk.ts';

/** What a stage's secret holds; each member becomes an environment variable of that name. */
export interface StageSecret {
  /** Private JWK Set. */
  readonly SIGNING_KEYS: string;
  /** The public halves. */
  readonly VERIFICATION_KEYS: string;
  readonly HANDLE_KEYS: string;
}

/** RSA at 2048 bits: two such keys, as during a rotation, still fit into a function's environment. */
function generate(alg: AlgorithmName): KeyObject {
  const { kty, crv = '' }: Algorithm = algorithms[alg];
  if (kty === 'RSA') return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  if (kty === 'EC') return generateKeyPairSync('ec', { namedCurve: crv }).privateKey;
  return generateKeyPairSync('ed25519').privateKey;
}

/** One new signing key and one new handle key. */
export function createStageSecret(alg: AlgorithmName): StageSecret {
  const members = { ...generate(alg).export({ format: 'jwk' }), alg };
  const [{ jwk }] = parseKeys(JSON.stringify(members), 'private');
  return {
    SIGNING_KEYS: JSON.stringify({ keys: [{ ...members, ...jwk }] }),
    VERIFICATION_KEYS: JSON.stringify({ keys: [jwk] }),
    HANDLE_KEYS: randomBytes(32).toString('base64url'),
  };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html: all variables of a function together. */
const LAMBDA_BYTES = 4_096;

/** What the other variables of a function take, generously. */
const OTHER_BYTES = 1_024;

/** The bytes that this needs of a function's environment, and those that it may. The function that signs needs most. */
export function environmentSize({ SIGNING_KEYS, HANDLE_KEYS }: StageSecret): { bytes: number; max: number } {
  return {
    bytes: Buffer.byteLength(`SIGNING_KEYS${SIGNING_KEYS}HANDLE_KEYS${HANDLE_KEYS}`),
    max: LAMBDA_BYTES - OTHER_BYTES,
  };
}

/** The same with everything elided that is secret. */
export function elided({ SIGNING_KEYS, VERIFICATION_KEYS, HANDLE_KEYS }: StageSecret) {
  const { keys } = JSON.parse(SIGNING_KEYS) as { keys: Record<string, string>[] };
  const isPublic = new Set((JSON.parse(VERIFICATION_KEYS) as { keys: object[] }).keys.flatMap(Object.keys));
  const hidden = keys.map((key) =>
    Object.fromEntries(Object.entries(key).map(([member, value]) => [member, isPublic.has(member) ? value : ELIDED])),
  );
  return {
    SIGNING_KEYS: JSON.stringify({ keys: hidden }),
    VERIFICATION_KEYS,
    HANDLE_KEYS: HANDLE_KEYS && ELIDED,
  };
}

const ELIDED = '(elided)';
