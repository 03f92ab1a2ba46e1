import { decodeBase64url } from '../base64url.ts';

type Members = Readonly<Record<string, unknown>>;

/**
 * A private RSA key may be given by its primes `p` and `q` alone, beside its public members. The other private members of RFC 7518
 * section 6.3.2 follow from them and are added here. They would take half of the room that Lambda has for variables.
 * @returns the same JWK when it is none of this form, and undefined when its members do not belong together
 */
export function withPrivateMembers(jwk: Members): Members | undefined {
  if (jwk['kty'] !== 'RSA' || jwk['d'] !== undefined || jwk['p'] === undefined) return jwk;
  const [n, e, p, q] = ['n', 'e', 'p', 'q'].map((name) => toInteger(jwk[name]));
  if (!n || !e || !p || !q || p < 2n || q < 2n || p * q !== n) return undefined;
  const d = inverse(e, ((p - 1n) * (q - 1n)) / greatestCommonDivisor(p - 1n, q - 1n));
  const qi = inverse(q, p);
  if (d === undefined || qi === undefined) return undefined;
  const added = { d, dp: d % (p - 1n), dq: d % (q - 1n), qi };
  return { ...jwk, ...Object.fromEntries(Object.entries(added).map(([name, value]) => [name, toText(value)])) };
}

function toInteger(value: unknown): bigint | undefined {
  const bytes = typeof value === 'string' ? decodeBase64url(value) : undefined;
  return bytes?.length ? BigInt(`0x${bytes.toString('hex')}`) : undefined;
}

function toText(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url');
}

const greatestCommonDivisor = (one: bigint, other: bigint): bigint =>
  other === 0n ? one : greatestCommonDivisor(other, one % other);

/** The inverse of a number by the extended Euclidean algorithm; undefined where there is none. */
function inverse(number: bigint, modulus: bigint): bigint | undefined {
  let [rest, next] = [number % modulus, modulus];
  let [factor, nextFactor] = [1n, 0n];
  while (next > 0n) {
    const quotient = rest / next;
    [rest, next] = [next, rest - quotient * next];
    [factor, nextFactor] = [nextFactor, factor - quotient * nextFactor];
  }
  if (rest !== 1n) return undefined;
  return ((factor % modulus) + modulus) % modulus;
}
