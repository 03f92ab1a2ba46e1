/** Independent of the gateway. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  /** Raw, without `?`. */
  readonly query: string;
  /** In order. @param name in lower case */
  header(name: string): readonly string[];
  /** Each as `name=value`. */
  readonly cookies: readonly string[];
  /** As the gateway saw it; empty when unknown. */
  readonly sourceIp: string;
  readonly body: Buffer;
  /** From the gateway's authorizer, if the route has one. */
  readonly authorizer: unknown;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Values of `Set-Cookie`, which no header holds. */
  readonly cookies?: readonly string[];
  readonly body: string;
}

/** Meant for one caller, so no cache may store it. RFC 6749 section 5.1 */
export const json = (status: number, body: unknown, headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache', ...headers },
  body: JSON.stringify(body),
});

/** With 307, the browser would post the password on to the client. RFC 9700 section 4.12 */
export const seeOther = (location: string): HttpResponse => ({
  status: 303,
  headers: { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
  body: '',
});
