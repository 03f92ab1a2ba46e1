import { decodeBase64url } from '../base64url.ts';
import { coordinateBytes, type EncryptionKey, parseEncryptionKey } from '../keys/encryption-key.ts';
import type { AccessToken } from '../oauth/access-token.ts';
import { InvalidToken, OAuthError, UnreadableToken } from '../oauth/errors.ts';
import type { EncryptionJwk } from '../oauth/resource-server.ts';
import { type FormatExplanation, readUnverified, tryToOpen } from './explanation.ts';
import { type AccessTokenFormat, requireSingleResource, revokeThroughList, type VerifyingContext } from './format.ts';
import { decryptJwe, ENC, encryptJwe, isJwe, parseJwe } from './jwe.ts';
import { jwt, jwtExplanation } from './jwt.ts';

/**
 * The signed JWT (RFC 9068 section 2), encrypted to the resource server, whose key the authorizer and introspection need, too.
 * `typ` is in the inner header (RFC 8725 section 3.11), and `cty` in the outer header (RFC 7519 section 5.2).
 */
export const encryptedJwt: AccessTokenFormat<'encrypted_jwt'> = {
  name: 'encrypted_jwt',
  isSigned: true,
  matches: (token) => isJwe(token, { direct: false }),

  async issue(claims, context, resources) {
    const { access_token_encryption_jwk } = requireSingleResource(resources);
    if (!access_token_encryption_jwk) throw new OAuthError('invalid_target', 'this resource has no encryption key');
    const { alg, kid, key } = recipientOf(access_token_encryption_jwk);
    const signed = await jwt.issue(claims, context, resources);
    return encryptJwe(signed, { alg, enc: ENC, cty: 'JWT', kid }, key);
  },

  verify,

  revoke: async (token, client, context) => revokeThroughList(await verify(token, context), client, context),
};

export const encryptedJwtExplanation: FormatExplanation = {
  description: 'a JWT that is signed and then encrypted to the key of one API',
  async explain(token, context) {
    const { value: signed, ...opened } = await tryToOpen(
      () => decryptJwt(token, context.decryptionKeys),
      'set DECRYPTION_KEYS',
    );
    const { header } = readUnverified(token);
    if (signed === undefined) return { header, isVerified: false, ...opened };
    const inside = await jwtExplanation.explain(signed, context);
    return { ...inside, header: header ?? inside.header };
  },
};

// The container caches records of resource servers, and the imported key of each cached record.
const recipients = new WeakMap<EncryptionJwk, EncryptionKey>();

function recipientOf(jwk: EncryptionJwk): EncryptionKey {
  const known = recipients.get(jwk);
  if (known) return known;
  const recipient = parseEncryptionKey(JSON.stringify(jwk));
  recipients.set(jwk, recipient);
  return recipient;
}

function verify(token: string, context: VerifyingContext): Promise<AccessToken> {
  return verifySigned(decryptJwt(token, context.decryptionKeys), context);
}

async function verifySigned(decrypting: Promise<string>, context: VerifyingContext): Promise<AccessToken> {
  return { ...(await jwt.verify(await decrypting, context)), format: 'encrypted_jwt' };
}

/** @throws InvalidToken synchronously for a wrong header; UnreadableToken when the key is missing */
function decryptJwt(token: string, keys: VerifyingContext['decryptionKeys']): Promise<string> {
  const { header, encryptedKey } = parseJwe(token);
  const { alg, enc, cty, kid, epk, ...others } = header;
  if (Object.keys(others).length > 0) throw new InvalidToken('has an unexpected header member');
  if (cty !== 'JWT') throw new InvalidToken('must have cty JWT');
  if (enc !== ENC) throw new InvalidToken(`must have enc ${ENC}`);
  if (typeof kid !== 'string') throw new InvalidToken('has no kid');
  const recipient = keys.get(kid);
  if (!recipient) throw new UnreadableToken();
  if (alg !== recipient.alg) throw new InvalidToken("names an algorithm that is not its key's");
  if (encryptedKey.length !== recipient.encryptedKeyBytes)
    throw new InvalidToken('has an encrypted key of the wrong length');
  requireEphemeralKey(epk, recipient.jwk);
  return decryptWith(recipient, token);
}

/** On the recipient's curve for key agreement; other algorithms have none. RFC 7518 section 4.6.1.1 */
function requireEphemeralKey(epk: unknown, { crv: curve }: EncryptionJwk): void {
  if (curve === undefined) {
    if (epk === undefined) return;
    throw new InvalidToken('has an epk, which its algorithm does not use');
  }
  const { kty, crv, x, y, ...others } = (typeof epk === 'object' && epk !== null ? epk : {}) as Record<string, unknown>;
  const isPoint = isCoordinate(x, curve) && isCoordinate(y, curve);
  if (kty !== 'EC' || crv !== curve || !isPoint || Object.keys(others).length > 0) {
    throw new InvalidToken('has an epk that is not a public key on the curve');
  }
}

const isCoordinate = (value: unknown, curve: string) =>
  typeof value === 'string' && decodeBase64url(value)?.length === coordinateBytes.get(curve);

async function decryptWith({ alg, key }: EncryptionKey, token: string): Promise<string> {
  return (await decryptJwe(token, { alg, enc: ENC }, key)).toString();
}
