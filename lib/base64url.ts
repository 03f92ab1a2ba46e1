/** Undefined unless it is the canonical encoding: no padding, white space or stray bits. RFC 4648 sections 3.5 and 5 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
