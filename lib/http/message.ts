/** An HTTP request as the endpoints see it, whatever the platform's event looked like. */
export interface Request {
  readonly method: string;
  readonly path: string;
  /** The raw query string, without `?`. */
  readonly query: string;
  /** Every value of a header that was sent, in order; the name in lower case. */
  header(name: string): readonly string[];
  /** Every cookie that was sent, as `name=value`. */
  readonly cookies: readonly string[];
  /** Where it came from, as the gateway saw it; empty when that is not known. */
  readonly sourceIp: string;
  readonly body: Buffer;
  /** What the gateway's authorizer found out about the caller, if it was asked. */
  readonly authorizer: unknown;
}

export interface Response {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer that is about one caller, and therefore never stored by a cache. RFC 6749 section 5.1. */
export const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response => ({
  status,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache', ...headers },
  body: JSON.stringify(body),
});

/** A redirect. Never 307, with which the browser would post a password on to the client. RFC 9700 section 4.12 */
export const seeOther = (location: string): Response => ({
  status: 303,
  headers: { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
  body: '',
});
