import type { APIGatewayProxyEvent, APIGatewayProxyEventV2 } from 'aws-lambda';
import type { HttpRequest, HttpResponse } from './message.ts';

/** HTTP API (payload 2.0) or REST API (1.0). */
export type ProxyEvent = APIGatewayProxyEvent | APIGatewayProxyEventV2;

export interface ProxyResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Payload 2.0. */
  readonly cookies?: readonly string[];
  /** Payload 1.0. */
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
  readonly isBase64Encoded: false;
}

type Fields = Readonly<Record<string, unknown>>;

const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const isString = (value: unknown): value is string => typeof value === 'string';
const text = (value: unknown): string => (isString(value) ? value : '');
const strings = (value: unknown): string[] =>
  isString(value) ? [value] : Array.isArray(value) ? value.filter(isString) : [];

/** Fields that are missing, null or of another type count as empty. */
export function parseProxyEvent(event: unknown): HttpRequest {
  const { version, body, isBase64Encoded, headers, multiValueHeaders, rawPath, path, rawQueryString, ...rest } =
    fields(event);
  const context = fields(rest['requestContext']);
  const isV2 = version === '2.0';
  const http = fields(context['http']);
  const header = (name: string) => headerValues(multiValueHeaders, headers, name);
  return {
    method: text(isV2 ? http['method'] : rest['httpMethod']),
    path: text(isV2 ? rawPath : path),
    query: isV2 ? text(rawQueryString) : queryString(rest),
    header,
    cookies: cookies(isV2 ? strings(rest['cookies']) : header('cookie')),
    sourceIp: text((isV2 ? http : fields(context['identity']))['sourceIp']),
    body: Buffer.from(text(body), isBase64Encoded === true ? 'base64' : 'utf8'),
    authorizer: context['authorizer'],
  };
}

/**
 * In any case of the name. In a REST API's event only `multiValueHeaders` shows that a header was sent twice. The authorizer asks in
 * every decision, so nothing is made that is seldom needed.
 */
export function headerValues(multiple: unknown, single: unknown, name: string): string[] {
  const found = multiple ? named(fields(multiple), name) : [];
  return found.length > 0 ? found : named(fields(single), name);
}

function named(headers: Fields, name: string): string[] {
  let found: string[] | undefined;
  for (const key in headers) {
    if (key.length !== name.length || (key !== name && key.toLowerCase() !== name)) continue;
    const values = strings(headers[key]);
    found = found ? [...found, ...values] : values;
  }
  return found ?? [];
}

/** RFC 6265 section 4.2.1 */
const cookies = (values: readonly string[]): string[] =>
  values.flatMap((value) => value.split(';')).map((cookie) => cookie.trim());

function queryString({ multiValueQueryStringParameters, queryStringParameters }: Fields): string {
  const parameters = Object.entries(fields(multiValueQueryStringParameters ?? queryStringParameters));
  return new URLSearchParams(
    parameters.flatMap(([name, values]) => strings(values).map((value): [string, string] => [name, value])),
  ).toString();
}

/** A year; not for other hosts of the domain, which are not ours. RFC 6797 section 6.1 */
const ALWAYS_HTTPS = { 'strict-transport-security': 'max-age=31536000' };

/** HTTP APIs and REST APIs share the format, except for cookies. Both are reached by https only. */
export function toProxyResult(event: unknown, { status, headers: own, cookies = [], body }: HttpResponse): ProxyResult {
  const headers = { ...own, ...ALWAYS_HTTPS };
  const result = { statusCode: status, headers, body, isBase64Encoded: false } as const;
  if (cookies.length === 0) return result;
  const isV2 = fields(event)['version'] === '2.0';
  return { ...result, ...(isV2 ? { cookies } : { multiValueHeaders: { 'set-cookie': cookies } }) };
}
