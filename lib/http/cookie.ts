import type { Request } from './message.ts';

/** The one cookie there is: which browser it is. RFC 6265 */
export interface BrowserCookie {
  /** Its value; undefined also where two were sent, because one of them was put there by somebody else. */
  read(request: Request): string | undefined;
  /** The value of `Set-Cookie`. It lives as long as the browser's session. */
  write(value: string): string;
  clear(): string;
}

/** On https it is bound to this host: no other one, not even a sister, can set it. RFC 6265bis section 4.1.3.2 */
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
