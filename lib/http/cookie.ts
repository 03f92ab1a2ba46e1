import type { Request } from './message.ts';

/** The only cookie of this service, which names the browser. RFC 6265 */
export interface BrowserCookie {
  /** The cookie's value; undefined also when two were sent, because somebody else must have set one of them. */
  read(request: Request): string | undefined;
  /** A value of `Set-Cookie`. The cookie lasts as long as the session of the browser. */
  write(value: string): string;
  clear(): string;
}

/** On https the cookie is bound to this host: no other host of the same site can set it. RFC 6265bis section 4.1.3.2 */
export function browserCookie(issuer: string): BrowserCookie {
  const isSecure = issuer.startsWith('https:');
  const name = isSecure ? '__Host-latchkey' : 'latchkey';
  const attributes = `Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
  return {
    read({ cookies }) {
      const [value, ...others] = cookies.filter((cookie) => cookie.startsWith(`${name}=`));
      return others.length === 0 ? value?.slice(name.length + 1) : undefined;
    },
    write: (value) => `${name}=${value}; ${attributes}`,
    clear: () => `${name}=; Max-Age=0; ${attributes}`,
  };
}
