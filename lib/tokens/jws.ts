import type { Signer } from '../keys/signer.ts';
import type { Verifier, Verifiers } from '../keys/verifier.ts';
import { decodeBase64url } from '../oauth/base64url.ts';
import { InvalidToken } from '../oauth/errors.ts';
import { decodeJson, type Json } from './compact.ts';

/** Signs a JWT in compact form. RFC 7515 section 7.1. `typ` says what kind of JWT it is, so that none passes for another. */
export async function signJwt(typ: string, claims: Json, { alg, kid, sign }: Signer): Promise<string> {
  const input = `${encode({ alg, typ, kid })}.${encode(claims)}`;
  const signature = await sign(Buffer.from(input));
  return `${input}.${signature.toString('base64url')}`;
}

const encode = (json: Json) => Buffer.from(JSON.stringify(json)).toString('base64url');

/** Verifies JWTs of one `typ`. The keys say which algorithm; the token only gets to agree. RFC 8725 sections 3.1 and 3.11. */
export function createJwtVerifier(typ: string, verifiers: Verifiers) {
  // The header of a token is one of a handful of texts, so each is judged once. Only those that passed are kept: there
  // are as many as keys times the orders of three members.
  const headers = new Map<string, Verifier>();

  const verifierFor = (header: string): Verifier => {
    const known = headers.get(header);
    if (known) return known;
    const verifier = agreedVerifier(decodeJson(header, 'header'), typ, verifiers);
    headers.set(header, verifier);
    return verifier;
  };

  /** @throws InvalidToken */
  return (token: string): { claims: Json; kid: string } => {
    const [header, payload, signature, ...more] = token.split('.', 4);
    if (!header || !payload || !signature || more.length > 0) throw new InvalidToken('is not a JWT of three segments');
    const verifier = verifierFor(header);
    const signatureBytes = decodeBase64url(signature);
    const input = Buffer.from(token.slice(0, header.length + 1 + payload.length));
    if (!signatureBytes || !verifier.verify(input, signatureBytes)) throw new InvalidToken('has a wrong signature');
    return { claims: decodeJson(payload, 'payload'), kid: verifier.kid };
  };
}

/** Refuses every header member but the three of ours: `crit`, `b64`, `zip`, `jwk`, `jku`, `x5u`, `x5c` among them. */
function agreedVerifier({ alg, typ, kid, ...others }: Json, expectedTyp: string, verifiers: Verifiers): Verifier {
  if (Object.keys(others).length > 0) throw new InvalidToken('has a header member that is not ours');
  if (typ !== expectedTyp) throw new InvalidToken(`is not typed ${expectedTyp}`);
  const verifier = typeof kid === 'string' ? verifiers.get(kid) : undefined;
  if (!verifier) throw new InvalidToken('names no key of ours');
  if (alg !== verifier.alg) throw new InvalidToken('names another algorithm than that of its key');
  return verifier;
}
