import type { Kms } from './kms.ts';

/** Minting and parsing then need no call of KMS. The MAC covers the issuer, because issuers can share a KMS key. */
export async function deriveHandleKeys(
  issuer: string,
  [first, ...others]: readonly [string, ...string[]],
  { generateMac }: Pick<Kms, 'generateMac'>,
): Promise<[Buffer, ...Buffer[]]> {
  const message = Buffer.from(`latchkey handle key\0${issuer}`);
  return Promise.all([generateMac(first, message), ...others.map((id) => generateMac(id, message))]);
}
