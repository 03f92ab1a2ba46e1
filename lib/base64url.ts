/**
 * Decodes base64url, and accepts only the canonical encoding of the bytes: no padding, no white space, no other alphabet, no
 * stray trailing bits. RFC 4648 sections 3.5 and 5, RFC 7515 section 2
 * @returns undefined for any other text
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
