import type { HttpRequest } from './message.ts';

/** The service's only cookie. RFC 6265 */
export interface BrowserCookie {
  /** Undefined also when two were sent, because this service cannot have set both. */
  read(request: HttpRequest): string | undefined;
  /** For `Set-Cookie`. The browser keeps it until it is closed. */
  write(value: string): string;
  clear(): string;
}

/** With https the cookie has the prefix `__Host-`, so no other host of the same site can set it. RFC 6265bis section 4.1.3.2 */
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
