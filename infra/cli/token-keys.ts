import { type Environment, readConfig, type VariableName } from '../../lib/config.ts';
import { type Key, KeyError, parseKeys } from '../../lib/keys/jwk.ts';
import { keyVerifiers } from '../../lib/keys/verifier.ts';
import { createHandles, type Handles } from '../../lib/oauth/handle.ts';
import { createJwtVerifier } from '../../lib/tokens/jws.ts';
import { ACCESS_TOKEN_TYP } from '../../lib/tokens/jwt.ts';

/** What tokens can be checked with here. */
export interface TokenKeys {
  readonly issuer: string | undefined;
  readonly verifyJwt: ReturnType<typeof createJwtVerifier> | undefined;
  readonly handles: Handles | undefined;
}

/**
 * The issuer, and the keys of its tokens: from ISSUER, VERIFICATION_KEYS and HANDLE_KEYS. Public keys that are not given
 * are asked of the issuer.
 * @param local the issuer of the local stack
 * @throws ConfigError for a variable that is there and wrong
 */
export async function findTokenKeys(env: Environment, local: string | undefined): Promise<TokenKeys> {
  const issuer = local ?? ifSet('ISSUER', env);
  const handleKeys = ifSet('HANDLE_KEYS', env);
  const keys = ifSet('VERIFICATION_KEYS', env) ?? (issuer === undefined ? undefined : await fetchKeys(issuer));
  return {
    issuer,
    verifyJwt: keys && createJwtVerifier(ACCESS_TOKEN_TYP, keyVerifiers(keys)),
    handles: issuer !== undefined && handleKeys ? createHandles(issuer, handleKeys) : undefined,
  };
}

/** The value of a variable, or undefined where it is not set. */
export const ifSet = <Name extends VariableName>(name: Name, env: Environment) =>
  env[name] ? readConfig([name], env)[name] : undefined;

const PATIENCE_MS = 3_000;

/** The issuer is a configured one and never that which a token names. */
async function fetchKeys(issuer: string): Promise<readonly Key[] | undefined> {
  try {
    const response = await fetch(`${issuer}/.well-known/jwks.json`, {
      redirect: 'error',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return response.ok ? parseKeys(await response.text(), 'public') : undefined;
  } catch (error) {
    if (error instanceof TypeError || error instanceof DOMException || error instanceof KeyError) return undefined;
    throw error;
  }
}
