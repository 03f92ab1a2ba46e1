import { type Environment, readConfig } from '../../lib/config.ts';
import type { EncryptionKey } from '../../lib/keys/encryption-key.ts';
import { KeyError } from '../../lib/keys/jwk.ts';
import { createSealingKeys, type OpeningKeys } from '../../lib/keys/sealing-key.ts';
import { parseSigningKeys, type SigningKey } from '../../lib/keys/signing-key.ts';
import { keyVerifiers } from '../../lib/keys/verifier.ts';
import { createHandles, type Handles, handleKeyId } from '../../lib/oauth/handle.ts';
import { createJwtVerifier } from '../../lib/tokens/jws.ts';
import { ACCESS_TOKEN_TYP } from '../../lib/tokens/jwt.ts';

/** The issuer and the keys that tokens can be checked with. */
export interface TokenKeys {
  readonly issuer: string | undefined;
  readonly verifyJwt: ReturnType<typeof createJwtVerifier> | undefined;
  readonly handles: Handles | undefined;
  /** The ids of the keys that `handles` knows. */
  readonly handleKeyIds: ReadonlySet<string>;
  readonly decryptionKeys: ReadonlyMap<string, EncryptionKey>;
  readonly openingKeys: OpeningKeys;
}

/**
 * Finds the issuer and the keys of its tokens in ISSUER, VERIFICATION_KEYS, HANDLE_KEYS, DECRYPTION_KEYS and SEALING_KEYS.
 * Without VERIFICATION_KEYS, fetches the public keys from the issuer.
 * @param local the issuer of the local stack
 * @throws ConfigError for an invalid variable
 */
export async function findTokenKeys(env: Environment, local: string | undefined): Promise<TokenKeys> {
  const { find } = readConfig(env);
  const issuer = local ?? find('ISSUER');
  const handleKeys = find('HANDLE_KEYS');
  const keys = (await findPublicKeys(env, issuer))?.keys;
  return {
    issuer,
    verifyJwt: keys && createJwtVerifier(ACCESS_TOKEN_TYP, keyVerifiers(keys)),
    decryptionKeys: new Map(find('DECRYPTION_KEYS')?.map((key) => [key.kid, key])),
    openingKeys: createSealingKeys(issuer ?? '', issuer === undefined ? [] : (find('SEALING_KEYS') ?? [])),
    handleKeyIds: new Set(handleKeys?.map(handleKeyId)),
    handles: issuer !== undefined && handleKeys ? createHandles(issuer, handleKeys) : undefined,
  };
}

/** The public keys of this environment, else those that the issuer publishes, and where they were found. */
export async function findPublicKeys(
  env: Environment,
  issuer: string | undefined,
): Promise<{ readonly keys: readonly SigningKey[]; readonly where: string } | undefined> {
  const given = readConfig(env).find('VERIFICATION_KEYS');
  if (given) return { keys: given, where: 'VERIFICATION_KEYS' };
  const keys = issuer === undefined ? undefined : await fetchKeys(issuer);
  return keys && { keys, where: jwksUri(issuer ?? '') };
}

const jwksUri = (issuer: string) => `${issuer}/.well-known/jwks.json`;

const TIMEOUT_MS = 3_000;

/** @param issuer the configured issuer, never the one that a token names */
async function fetchKeys(issuer: string): Promise<readonly SigningKey[] | undefined> {
  try {
    const response = await fetch(jwksUri(issuer), {
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return response.ok ? parseSigningKeys(await response.text(), 'public') : undefined;
  } catch (error) {
    if (error instanceof TypeError || error instanceof DOMException || error instanceof KeyError) return undefined;
    throw error;
  }
}
