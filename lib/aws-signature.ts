import { createHash, createHmac } from 'node:crypto';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface UnsignedRequest {
  /** By lower-case name, with `host`; values without white space at the ends or twice in a row. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Scope {
  readonly service: string;
  readonly region: string;
}

/**
 * The headers of a POST to `/` without a query, signed by AWS Signature Version 4.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function signHeaders(
  { headers: given, body }: UnsignedRequest,
  { service, region }: Scope,
  { accessKeyId, secretAccessKey, sessionToken }: Credentials,
  date: Date,
): Record<string, string> {
  const time = date.toISOString().replace(/[-:]|\.\d+/g, '');
  const day = time.slice(0, 8);
  const headers = { ...given, 'x-amz-date': time, ...(sessionToken && { 'x-amz-security-token': sessionToken }) };
  const lines = Object.entries(headers).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const names = lines.map(([name]) => name).join(';');
  const canonical = `POST\n/\n\n${lines.map(([name, value]) => `${name}:${value}\n`).join('')}\n${names}\n${hash(body)}`;
  const scope = [day, region, service, 'aws4_request'];
  const key = scope.reduce<string | Buffer>((secret, part) => hmac(secret, part).digest(), `AWS4${secretAccessKey}`);
  const text = `AWS4-HMAC-SHA256\n${time}\n${scope.join('/')}\n${hash(canonical)}`;
  const credential = `${accessKeyId}/${scope.join('/')}`;
  const signature = hmac(key, text).digest('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...headers, authorization };
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text);
