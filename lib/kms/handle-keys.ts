import type { Kms } from './kms.ts';

/**
 * The handle keys of an issuer, derived from HMAC keys that never leave KMS: one GenerateMac for each. What is derived is
 * used as a secret of `HANDLE_KEYS` is, so whoever mints and whoever parses need nothing of KMS from then on.
 *
 * The issuer is part of what is derived from, so issuers (each stage is one) that share a KMS key share no handle key.
 * @param ids key ids, aliases or ARNs of HMAC_256 keys; the first mints
 * @throws Unavailable; KeyError for a key of another kind
 */
export async function deriveHandleKeys(
  issuer: string,
  [first, ...others]: readonly [string, ...string[]],
  { generateMac }: Kms,
): Promise<[Buffer, ...Buffer[]]> {
  const message = Buffer.from(`latchkey handle key\0${issuer}`);
  return Promise.all([generateMac(first, message), ...others.map((id) => generateMac(id, message))]);
}
