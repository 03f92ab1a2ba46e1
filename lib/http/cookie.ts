import type { HttpRequest } from './message.ts';

/** RFC 6265 */
export interface BrowserCookie {
  /** Undefined also when two were sent, because this service cannot have set both. */
  read(request: HttpRequest): string | undefined;
  /** For `Set-Cookie`. */
  write(value: string): string;
  clear(): string;
}

/** Of the session. @param lifetime seconds; absent = the browser keeps it until it is closed */
export const browserCookie = (issuer: string, lifetime?: number): BrowserCookie =>
  cookie(issuer, 'latchkey', 'SameSite=Lax', lifetime);

/** Only sent with the forms of this service. @param lifetime seconds */
export const deviceCookie = (issuer: string, lifetime: number): BrowserCookie =>
  cookie(issuer, 'latchkey-device', 'SameSite=Strict', lifetime);

/** With https the cookie has the prefix `__Host-`, so no other host of the same site can set it. RFC 6265bis section 4.1.3.2 */
function cookie(issuer: string, plainName: string, sameSite: string, lifetime?: number): BrowserCookie {
  const isSecure = issuer.startsWith('https:');
  const name = isSecure ? `__Host-${plainName}` : plainName;
  const attributes = `Path=/; HttpOnly; ${sameSite}${isSecure ? '; Secure' : ''}`;
  return {
    read({ cookies }) {
      const [value, ...others] = cookies.filter((sent) => sent.startsWith(`${name}=`));
      return others.length === 0 ? value?.slice(name.length + 1) : undefined;
    },
    write: (value) => `${name}=${value}${lifetime === undefined ? '' : `; Max-Age=${lifetime}`}; ${attributes}`,
    clear: () => `${name}=; Max-Age=0; ${attributes}`,
  };
}
