// ECDSA signatures over a digest. FIPS 186-5 section 6.4.1.
import type { KeyObject } from 'node:crypto';
import type { p256 } from '@noble/curves/nist.js';

type Curve = typeof p256;

/** @returns DER */
export type SignEcdsa = (key: KeyObject, digest: Buffer) => Buffer;

export interface EcdsaOptions {
  /**
   * Whether `r` or `s` must begin with a zero byte, which happens by chance in one signature of 128. For tests only: nonces
   * are reused for this, so that anyone with two signatures can compute the private key.
   */
  shortIntegers(): boolean;
}

/** Loads the curves on demand, so that `npm start` without KMS does not wait for them. */
export async function loadEcdsa({ shortIntegers }: EcdsaOptions): Promise<SignEcdsa> {
  const [{ p256, p384, p521 }, { secp256k1 }] = await Promise.all([
    import('@noble/curves/nist.js'),
    import('@noble/curves/secp256k1.js'),
  ]);
  const curves = new Map([
    ['P-256', p256],
    ['P-384', p384],
    ['P-521', p521],
    ['secp256k1', secp256k1],
  ]);
  const secrets = new WeakMap<KeyObject, { curve: Curve; name: string; secret: Buffer }>();

  const parse = (key: KeyObject) => {
    const { crv: name = '', d = '' } = key.export({ format: 'jwk' });
    const curve = curves.get(name);
    if (!curve) throw new Error(`no curve ${name}`);
    return { curve, name, secret: Buffer.from(d, 'base64url') };
  };

  return (key, digest) => {
    const { curve, name, secret } = secrets.get(key) ?? parse(key);
    secrets.set(key, { curve, name, secret });
    if (shortIntegers()) return signShort(curve, name, secret, digest);
    return Buffer.from(curve.sign(digest, secret, { prehash: false, lowS: false, format: 'der', extraEntropy: true }));
  };
}

interface Nonce {
  readonly r: bigint;
  readonly inverse: bigint;
}

const NONCES = 1024;
const nonces = new Map<string, Nonce[]>();
let turn = 0;

/** Making a nonce takes a multiplication on the curve, but trying one is cheap; about one in 128 gives a short integer. */
function signShort(curve: Curve, name: string, secret: Buffer, digest: Buffer): Buffer {
  const { Fn } = curve.Point;
  const known = nonces.get(name) ?? createNonces(curve);
  nonces.set(name, known);
  const d = Fn.fromBytes(secret);
  const excess = Math.max(0, digest.length * 8 - Fn.BITS);
  const z = Fn.create(BigInt(`0x${digest.toString('hex')}`) >> BigInt(excess));
  const limit = 1n << BigInt(8 * (Fn.BYTES - 1));
  for (let tried = 0; tried < NONCES; tried++) {
    const nonce = known[turn++ % NONCES];
    if (!nonce) break;
    const s = Fn.mul(nonce.inverse, Fn.add(z, Fn.mul(nonce.r, d)));
    if (nonce.r < limit || s < limit) return Buffer.from(new curve.Signature(nonce.r, s).toBytes('der'));
  }
  nonces.delete(name);
  return signShort(curve, name, secret, digest);
}

/** Uses consecutive nonces, because adding points is a hundred times faster than multiplying. */
function createNonces({ Point, utils }: Curve): Nonce[] {
  const { Fn } = Point;
  let k = Fn.fromBytes(utils.randomSecretKey());
  let point = Point.BASE.multiply(k);
  const ks: bigint[] = [];
  const points: (typeof point)[] = [];
  while (ks.length < NONCES) {
    ks.push(k);
    points.push(point);
    k = Fn.add(k, Fn.ONE);
    point = point.add(Point.BASE);
  }
  // A batch inversion costs about as much as a single one.
  const inverses = Fn.invertBatch(ks);
  const zs = Point.Fp.invertBatch(points.map(({ Z }) => Z));
  return points.map((each, index) => ({
    r: Fn.create(each.toAffine(zs[index]).x),
    inverse: inverses[index] ?? 0n,
  }));
}
