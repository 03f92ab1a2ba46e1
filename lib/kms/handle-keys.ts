import type { Kms } from './kms.ts';

/**
 * By variable: part of what KMS makes a MAC of. It does not separate groups that share a key of KMS, because whoever may use the
 * key can ask for the MAC of any group; so infra/parameters.ts demands a key for each.
 */
export const kmsGroups = {
  REFERENCE_TOKEN_KMS_KEYS: 'reference token',
  GRANT_KMS_KEYS: 'grant',
  SESSION_KMS_KEYS: 'session',
  HANDLE_KMS_KEYS: undefined,
} as const;

/**
 * Minting and parsing then need no call of KMS. The MAC covers the issuer, because issuers can share a KMS key.
 * @param group of kinds that the keys are for; absent = all kinds, as in version 0.1.0
 */
export async function deriveHandleKeys(
  issuer: string,
  [first, ...others]: readonly [string, ...string[]],
  { generateMac }: Pick<Kms, 'generateMac'>,
  group?: string,
): Promise<[Buffer, ...Buffer[]]> {
  const message = Buffer.from(['latchkey handle key', issuer, ...(group === undefined ? [] : [group])].join('\0'));
  return Promise.all([generateMac(first, message), ...others.map((id) => generateMac(id, message))]);
}
