// Turns the answer of a function in payload format 2.0 into a response, as an HTTP API does.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html#http-api-develop-integrations-lambda.response
import { validateHeaderName, validateHeaderValue } from 'node:http';

export interface HttpResponse {
  status: number;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  cookies: readonly string[];
  body: Buffer;
}

/** A response that the gateway itself makes. */
export function gatewayResponse(status: number, message: string | null): HttpResponse {
  const headers = { 'content-type': 'application/json' };
  return { status, headers, cookies: [], body: Buffer.from(JSON.stringify({ message })) };
}

export const internalServerError = () => gatewayResponse(500, 'Internal Server Error');
export const serviceUnavailable = () => gatewayResponse(503, 'Service Unavailable');

// The gateway sets these headers itself, whatever the function returns.
const reserved = new Set([
  'apigw-requestid',
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'transfer-encoding',
]);

/** The response for the answer of a function; 500 if the answer is malformed. */
export function toHttpResponse(payload: unknown): HttpResponse {
  // Without a status code, the whole answer is the body of a successful response.
  if (!isObject(payload) || payload['statusCode'] === undefined) {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    return { status: 200, headers: { 'content-type': 'application/json' }, cookies: [], body: Buffer.from(text) };
  }
  const { statusCode, headers, cookies, body, isBase64Encoded } = payload;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 200 || status > 599) return internalServerError();
  if (!isAbsent(headers) && !isObject(headers)) return internalServerError();
  if (!isAbsent(cookies) && !(Array.isArray(cookies) && cookies.every(isString))) {
    return internalServerError();
  }
  if (!isAbsent(body) && typeof body !== 'string') return internalServerError();

  const given = Object.entries(headers ?? {}).filter(
    ([name, value]) => value !== null && !reserved.has(name.toLowerCase()),
  );
  if (!given.every(isHeader) || !(cookies ?? []).every((cookie) => isHeader(['set-cookie', cookie]))) {
    return internalServerError();
  }
  const fields = Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), String(value)]));
  if (body) fields['content-type'] ??= 'text/plain;charset=UTF-8';
  return {
    status,
    headers: fields,
    cookies: cookies ?? [],
    body: Buffer.from(body ?? '', isBase64Encoded === true ? 'base64' : 'utf8'),
  };
}

function isHeader([name, value]: [string, unknown]): boolean {
  if (typeof value === 'object') return false;
  try {
    validateHeaderName(name);
    validateHeaderValue(name, String(value));
    return true;
  } catch {
    return false;
  }
}

const isString = (value: unknown): value is string => typeof value === 'string';
const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
