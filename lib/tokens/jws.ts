import { decodeBase64url } from '../base64url.ts';
import type { Signer } from '../keys/signer.ts';
import type { Verifier, Verifiers } from '../keys/verifier.ts';
import { InvalidToken } from '../oauth/errors.ts';
import { decodeJson, type Json } from './compact.ts';
import type { JwtKind } from './jwt-kind.ts';

/** RFC 7515 section 7.1 */
export async function signJwt(typ: string, claims: Json, { alg, kid, sign }: Signer): Promise<string> {
  const input = `${encode({ alg, typ, kid })}.${encode(claims)}`;
  const signature = await sign(Buffer.from(input));
  return `${input}.${signature.toString('base64url')}`;
}

const encode = (json: Json) => Buffer.from(JSON.stringify(json)).toString('base64url');

export interface VerifiedJwt {
  readonly claims: Json;
  readonly kid: string;
}

/** The key determines the algorithm, and the token has to name the same. RFC 8725 sections 3.1 and 3.11 */
export function createJwtVerifier(kind: JwtKind, verifiers: ReadonlyMap<string, Verifier>) {
  const { parse, verify } = jwtsOf(kind);
  /** @throws InvalidToken */
  return (token: string): VerifiedJwt => {
    const parsed = parse(token);
    return verify(parsed, verifiers.get(parsed.header.kid));
  };
}

/** Returns a promise when the keys have to be read again. */
export function createChangingJwtVerifier(kind: JwtKind, verifiers: Verifiers) {
  const { parse, verify } = jwtsOf(kind);
  /** @throws InvalidToken */
  return (token: string): VerifiedJwt | Promise<VerifiedJwt> => {
    const parsed = parse(token);
    const verifier = verifiers.get(parsed.header.kid);
    return verifier instanceof Promise ? verifier.then((found) => verify(parsed, found)) : verify(parsed, verifier);
  };
}

interface Header {
  readonly alg: unknown;
  readonly typ: string;
  readonly kid: string;
}

interface ParsedJwt {
  readonly token: string;
  readonly encodedHeader: string;
  readonly header: Header;
  readonly payload: string;
  readonly signature: string;
}

/** Before and after looking up the key. */
function jwtsOf(kind: JwtKind) {
  // Tokens have few different headers, so each is parsed once. Only those with a found key are kept, which limits their number.
  const headers = new Map<string, Header>();

  return {
    parse(token: string): ParsedJwt {
      const [encodedHeader, payload, signature, ...more] = token.split('.', 4);
      if (!encodedHeader || !payload || !signature || more.length > 0) {
        throw new InvalidToken('is not a JWT with three segments');
      }
      const header = headers.get(encodedHeader) ?? readHeader(decodeJson(encodedHeader, 'header'), kind.typs);
      return { token, encodedHeader, header, payload, signature };
    },

    verify({ token, encodedHeader, header, payload, signature }: ParsedJwt, verifier: Verifier | undefined) {
      if (!verifier) throw new InvalidToken('names an unknown key');
      if (header.alg !== verifier.alg) throw new InvalidToken("names an algorithm that is not its key's");
      if (!headers.has(encodedHeader)) headers.set(encodedHeader, header);
      const signatureBytes = decodeBase64url(signature);
      const input = Buffer.from(token.slice(0, encodedHeader.length + 1 + payload.length));
      if (!signatureBytes || !verifier.verify(input, signatureBytes)) throw new InvalidToken('has a wrong signature');
      const claims = decodeJson(payload, 'payload');
      kind.require(claims, header.typ);
      return { claims, kid: verifier.kid };
    },
  };
}

/** None of `crit`, `b64`, `zip`, `jwk`, `jku`, `x5u`, `x5c`: only the three that `signJwt` writes. */
function readHeader({ alg, typ, kid, ...others }: Json, typs: readonly string[]): Header {
  if (Object.keys(others).length > 0) throw new InvalidToken('has an unexpected header member');
  if (typeof typ !== 'string' || !typs.includes(typ)) throw new InvalidToken(`is not typed ${typs.join(' or ')}`);
  if (typeof kid !== 'string') throw new InvalidToken('has no kid');
  return { alg, typ, kid };
}
