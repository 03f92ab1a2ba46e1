import { type Config, type Environment, handleKeys, readConfig } from '../../lib/config.ts';
import { KeyError } from '../../lib/keys/jwk.ts';
import { createSealingKeys } from '../../lib/keys/sealing-key.ts';
import { parseSigningKeys, type SigningKey } from '../../lib/keys/signing-key.ts';
import { keyVerifiers } from '../../lib/keys/verifier.ts';
import { createHandles, type HandleKind, type Handles, handleKinds } from '../../lib/oauth/handle.ts';
import { handleKeyId, oldHandleKeyId } from '../../lib/oauth/handle-key.ts';
import type { ExplainingContext } from '../../lib/tokens/explanation.ts';
import { createJwtVerifier } from '../../lib/tokens/jws.ts';
import { accessTokenKind } from '../../lib/tokens/jwt-kind.ts';
import { type LocalStack, serviceEnvironment } from './local-stack.ts';

/** The issuer and the keys that tokens can be checked with. */
export interface TokenKeys extends Pick<ExplainingContext, 'findJwtVerifier' | 'decryptionKeys' | 'openingKeys'> {
  readonly issuer: string | undefined;
  readonly handles: ReadonlyMap<HandleKind, KnownHandles>;
}

/** The handles of a kind whose keys are known. */
export interface KnownHandles {
  readonly handles: Handles;
  readonly keyIds: ReadonlySet<string>;
  /** The variables with the keys. */
  readonly where: string;
}

/**
 * Finds the issuer and the keys of its tokens in ISSUER, VERIFICATION_KEYS, the keys of handles, DECRYPTION_KEYS and SEALING_KEYS.
 * Without VERIFICATION_KEYS, the public keys are fetched from the issuer once a JWT has to be verified.
 * @throws ConfigError for an invalid variable
 */
export function findTokenKeys(given: Environment, local: LocalStack | undefined): TokenKeys {
  const env = serviceEnvironment(given, local);
  const config = readConfig(env);
  const { find } = config;
  const issuer = local?.issuer ?? find('ISSUER');
  return {
    issuer,
    async findJwtVerifier() {
      const keys = (await findPublicKeys(env, local))?.keys;
      return keys && createJwtVerifier(accessTokenKind, keyVerifiers(keys));
    },
    decryptionKeys: new Map(find('DECRYPTION_KEYS')?.map((key) => [key.kid, key])),
    openingKeys: createSealingKeys(issuer ?? '', issuer === undefined ? [] : (find('SEALING_KEYS') ?? [])),
    handles: new Map(issuer === undefined ? [] : handleKinds.flatMap((kind) => knownHandles(kind, issuer, config))),
  };
}

function knownHandles(kind: HandleKind, issuer: string, { find }: Config): [HandleKind, KnownHandles][] {
  const [variable] = handleKeys[kind];
  const own = find(variable) ?? [];
  const shared = find('HANDLE_KEYS') ?? [];
  if (own.length + shared.length === 0) return [];
  const keyIds = [...own, ...shared].map((secret) => handleKeyId(secret, kind));
  const where = [own.length > 0 && variable, shared.length > 0 && 'HANDLE_KEYS'].filter(Boolean).join(' or ');
  const handles = createHandles(kind, issuer, { own, shared });
  return [[kind, { handles, keyIds: new Set([...keyIds, ...shared.map(oldHandleKeyId)]), where }]];
}

/** The public keys of this environment, else those that the service publishes, and where they were found. */
export async function findPublicKeys(
  env: Environment,
  local: LocalStack | undefined,
): Promise<{ readonly keys: readonly SigningKey[]; readonly where: string } | undefined> {
  const { find } = readConfig(serviceEnvironment(env, local));
  const given = find('VERIFICATION_KEYS');
  if (given) return { keys: given, where: 'VERIFICATION_KEYS' };
  const service = local?.url ?? find('ISSUER');
  if (service === undefined) return undefined;
  const where = `${service}/.well-known/jwks.json`;
  const keys = await fetchKeys(where, local ? LOCAL_TIMEOUT_MS : TIMEOUT_MS);
  return keys && { keys, where };
}

const TIMEOUT_MS = 3_000;

/** A busy machine may have to start the function first. */
const LOCAL_TIMEOUT_MS = 60_000;

/** @param url of the configured issuer, never of the one that a token names */
async function fetchKeys(url: string, timeout: number): Promise<readonly SigningKey[] | undefined> {
  try {
    const text = await fetchText(url, timeout).catch(() => undefined);
    return text === undefined ? undefined : parseSigningKeys(text, 'public');
  } catch (error) {
    if (error instanceof KeyError) return undefined;
    throw error;
  }
}

/**
 * Used instead of `fetch`, which takes as much CPU time to load as the rest of a command. Follows no redirect.
 * @returns undefined for any status but 200
 */
async function fetchText(url: string, timeout: number): Promise<string | undefined> {
  const { get } = url.startsWith('https:') ? await import('node:https') : await import('node:http');
  return new Promise((resolve, reject) => {
    const request = get(url, { signal: AbortSignal.timeout(timeout), agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('error', reject)
        .on('end', () => resolve(response.statusCode === 200 ? Buffer.concat(chunks).toString() : undefined));
    });
    request.on('error', reject);
  });
}
