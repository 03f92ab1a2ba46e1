import type { OpeningKeys, SealingKey } from '../keys/sealing-key.ts';
import { ACCESS_TOKEN_TYP, type AccessToken, accessTokenTyps } from '../oauth/access-token.ts';
import { InvalidToken, Unavailable, UnreadableToken } from '../oauth/errors.ts';
import { randomId } from '../oauth/handle.ts';
import { validateClaims } from './claims.ts';
import { type Json, parseJson } from './compact.ts';
import { type FormatExplanation, keyIdOf, readUnverified, tryToOpen } from './explanation.ts';
import { type AccessTokenFormat, requireSingleResource, revokeThroughList, type VerifyingContext } from './format.ts';
import { decryptJwe, ENC, encryptJwe, isJwe, parseJwe } from './jwe.ts';

const ALG = 'dir';

/**
 * Encrypted and authenticated with one symmetric key for issuer and audience, derived from the issuer's ring of keys. Whoever
 * can open a token can also make tokens for that audience.
 * Finding the key takes the audience, so `aud` is repeated in the header (RFC 7519 section 5.3); both must be equal.
 * Random 96-bit IVs allow 2^32 tokens for one derived key (NIST SP 800-38D section 8.3). Rotate the ring before that.
 */
export const sealed: AccessTokenFormat<'sealed'> = {
  name: 'sealed',
  isSigned: false,
  matches: (token) => isJwe(token, { direct: true }),

  async issue(claims, { sealingKeys }, resources) {
    const { audience: aud, access_token_typ: typ = ACCESS_TOKEN_TYP } = requireSingleResource(resources);
    const sealing = sealingKeys.first(aud);
    if (!sealing) throw new Unavailable('a key of SEALING_KEYS');
    const header = { alg: ALG, enc: ENC, typ, kid: sealing.id, aud };
    return encryptJwe(JSON.stringify({ ...claims, jti: randomId() }), header, sealing.key);
  },

  verify,

  revoke: async (token, client, context) => revokeThroughList(await verify(token, context), client, context),
};

export const sealedExplanation: FormatExplanation = {
  description: 'claims that are encrypted with a key shared by this service and one API',
  async explain(token, { openingKeys }) {
    const { value, ...opened } = await tryToOpen(() => openSealed(token, openingKeys), 'set ISSUER and SEALING_KEYS');
    const { header } = readUnverified(token);
    return { header, key: keyIdOf(header), claims: value?.claims, isVerified: value !== undefined, ...opened };
  },
};

function verify(token: string, context: VerifyingContext): Promise<AccessToken> {
  return validate(openSealed(token, context.openingKeys), context);
}

async function validate(opening: ReturnType<typeof openSealed>, context: VerifyingContext): Promise<AccessToken> {
  const { claims, key } = await opening;
  return { format: 'sealed', claims: validateClaims(claims, context), key };
}

/**
 * Claims are authentic but not validated yet. @throws InvalidToken synchronously for a wrong header; UnreadableToken without
 * the key
 */
function openSealed(token: string, keys: OpeningKeys): Promise<{ claims: Json; key: string }> {
  const { header, encryptedKey } = parseJwe(token);
  const { alg, enc, typ, kid, aud, ...others } = header;
  if (Object.keys(others).length > 0) throw new InvalidToken('has an unexpected header member');
  if (!accessTokenTyps.some((known) => known === typ)) {
    throw new InvalidToken(`is not typed ${accessTokenTyps.join(' or ')}`);
  }
  if (alg !== ALG || enc !== ENC) throw new InvalidToken(`is not encrypted with ${ALG} and ${ENC}`);
  if (encryptedKey.length > 0) throw new InvalidToken('has an encrypted key, which its algorithm does not use');
  if (typeof kid !== 'string' || typeof aud !== 'string') throw new InvalidToken('has no kid or no aud in its header');
  const sealing = keys.find(kid, aud);
  if (!sealing) throw new UnreadableToken();
  return openWith(sealing, token, aud);
}

async function openWith({ id, key }: SealingKey, token: string, audience: string) {
  const claims = parseJson(await decryptJwe(token, { alg: ALG, enc: ENC }, key), 'payload');
  if (claims['aud'] !== audience) throw new InvalidToken('has an aud that differs from its header');
  return { claims, key: id };
}
