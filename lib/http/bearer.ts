/**
 * The token of an `Authorization` header, of which exactly one may have been sent. RFC 6750 section 2.1.
 * @returns undefined when there is none, more than one, or one of another scheme or form
 */
export function parseBearer(headers: readonly string[]): string | undefined {
  const [header, ...others] = headers;
  if (header === undefined || others.length > 0) return undefined;
  return /^Bearer +([\w.~+/-]+=*)$/i.exec(header)?.[1];
}
