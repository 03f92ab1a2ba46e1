import { responseParameters } from './response-parameters.ts';

/** Visible ASCII that needs no encoding in a header or page; no fragment. RFC 6749 section 3.1.2 */
const URI = /^[a-z][a-z\d+.-]*:[\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+$/;

const LOOPBACK = /^http:\/\/(?<host>127\.0\.0\.1|\[::1\]|localhost)(?<port>:\d{1,5})?(?<rest>[/?].*)?$/;

const LOOPBACK_HOST = /^(127\.\d+\.\d+\.\d+|\[::1\]|\[::ffff:7f[\da-f]{2}:[\da-f]+\]|(.+\.)?localhost\.?)$/;

/** Only a reversed domain name shows whose scheme it is. RFC 8252 section 7.1 */
const PRIVATE_USE = /^[a-z][a-z\d-]*(\.[a-z\d-]+)+:/;

/** A scheme without a dot, which a client may have if it is registered with it: any app can claim it. */
export const isAllowableScheme = (scheme: string): boolean => SHORT_SCHEME.test(scheme) && !RESERVED.has(scheme);

const SHORT_SCHEME = /^[a-z][a-z\d+-]{0,63}$/;

/** What browsers and systems open themselves, be it as a script, a file or a call. */
const RESERVED: ReadonlySet<string> = new Set(
  'about blob chrome content data file filesystem ftp geo http https intent jar javascript mailto resource sms tel vbscript view-source ws wss'.split(
    ' ',
  ),
);

/** https, http on loopback, or a private-use scheme; without user information. RFC 8252 section 7 */
export const isClientUri = (text: string): boolean => clientUriFault(text) === undefined;

export type ClientUriFault = 'form' | 'user' | 'http' | 'scheme' | 'reserved';

function clientUriFault(text: string, schemes: Schemes = []): ClientUriFault | undefined {
  if (!URI.test(text) || !URL.canParse(text)) return 'form';
  const { protocol, username, password } = new URL(text);
  if (username || password) return 'user';
  if (protocol === 'https:' || LOOPBACK.test(text) || PRIVATE_USE.test(text)) return undefined;
  if (protocol === 'http:') return 'http';
  const scheme = protocol.slice(0, -1);
  if (!isAllowableScheme(scheme)) return 'reserved';
  return schemes.includes(scheme) ? undefined : 'scheme';
}

/** Without a dot, for which the client is registered. */
type Schemes = readonly string[] | undefined;

export type RedirectUriFault = ClientUriFault | 'wildcard' | 'parameter';

/** A wildcard would suggest a match by pattern, and no parameter may occur twice. RFC 6749 section 3.1 */
const faultOf = (text: string, added: readonly string[], schemes: Schemes): RedirectUriFault | undefined => {
  const fault = clientUriFault(text, schemes);
  if (fault !== undefined) return fault;
  if (text.includes('*')) return 'wildcard';
  return added.some((name) => new URL(text).searchParams.has(name)) ? 'parameter' : undefined;
};

export const redirectUriFault = (text: string, schemes?: Schemes): RedirectUriFault | undefined =>
  faultOf(text, responseParameters, schemes);

/** A logout adds only `state`. OpenID Connect RP-Initiated Logout section 3 */
export const postLogoutRedirectUriFault = (text: string, schemes?: Schemes): RedirectUriFault | undefined =>
  faultOf(text, ['state'], schemes);

export const matchesRedirectUri = (requested: string, registered: readonly string[], schemes?: Schemes): boolean =>
  redirectUriFault(requested, schemes) === undefined && isRegistered(requested, registered);

export const matchesPostLogoutRedirectUri = (
  requested: string,
  registered: readonly string[],
  schemes?: Schemes,
): boolean => postLogoutRedirectUriFault(requested, schemes) === undefined && isRegistered(requested, registered);

/** Character by character, but with any port on loopback, which the system assigns to a native app. RFC 8252 section 7.3 */
const isRegistered = (requested: string, registered: readonly string[]): boolean =>
  registered.some((uri) => uri === requested || (loopback(uri) !== undefined && loopback(uri) === loopback(requested)));

function loopback(uri: string): string | undefined {
  const { host, rest = '' } = LOOPBACK.exec(uri)?.groups ?? {};
  return host && URL.canParse(uri) ? host + rest : undefined;
}

/** A private-use scheme or anything on loopback, also with https. RFC 8252 sections 8.4 and 8.6 */
export function isClaimableByOtherApp(uri: string): boolean {
  const { protocol, hostname } = new URL(uri);
  return protocol !== 'https:' || LOOPBACK_HOST.test(hostname);
}
