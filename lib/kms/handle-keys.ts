import type { Kms } from './kms.ts';

/**
 * The handle keys of an issuer, each derived by one GenerateMac from an HMAC key that never leaves KMS. A derived key is used
 * like a secret of `HANDLE_KEYS`, so minting and parsing need no further call of KMS.
 *
 * The MAC covers the issuer, so issuers (each stage is one) that share a KMS key have different handle keys.
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
