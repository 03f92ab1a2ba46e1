/** An HTTP request, independent of the gateway that it came through. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  /** The raw query string, without `?`. */
  readonly query: string;
  /** Every value that was sent for a header, in order. @param name in lower case */
  header(name: string): readonly string[];
  /** Each as `name=value`. */
  readonly cookies: readonly string[];
  /** The client's IP address as the gateway saw it; empty when unknown. */
  readonly sourceIp: string;
  readonly body: Buffer;
  /** The context that the gateway's authorizer passed on, if the route has one. */
  readonly authorizer: unknown;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A response that no cache may store, because it is meant for one caller. RFC 6749 section 5.1 */
export const json = (status: number, body: unknown, headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache', ...headers },
  body: JSON.stringify(body),
});

/** A redirect. With 307 instead of 303 the browser would post the password on to the client. RFC 9700 section 4.12 */
export const seeOther = (location: string): HttpResponse => ({
  status: 303,
  headers: { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
  body: '',
});
