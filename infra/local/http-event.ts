// Events in payload format 2.0, as an HTTP API makes them.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
import { randomBytes } from 'node:crypto';
import type { APIGatewayEventRequestContextV2, APIGatewayProxyEventV2WithRequestContext } from 'aws-lambda';
import { type Arrival, type HttpRequest, headerValues, requestTime, splitTarget } from './http-request.ts';
import { decode, type RouteMatch } from './routes.ts';
import type { Api } from './stack.ts';

export type RequestContext = APIGatewayEventRequestContextV2 & { authorizer?: { lambda: unknown } };
export type HttpEvent = APIGatewayProxyEventV2WithRequestContext<RequestContext>;

/** The event for a Lambda proxy integration. `withAuthorizer` adds the context of an authorizer. */
export function httpEvent(request: HttpRequest, match: RouteMatch, api: Api, arrival: Arrival): HttpEvent {
  const { query } = splitTarget(request.target);
  const queryStringParameters = parameters(query);
  const cookies = headerValues(request, 'cookie').flatMap((value) => value.split(/; */).filter(Boolean));
  const binary = request.body.length > 0 && !isText(headerValues(request, 'content-type').at(-1));
  return {
    version: '2.0',
    routeKey: match.route.key,
    rawPath: rawPath(request),
    rawQueryString: query,
    ...(cookies.length > 0 && { cookies }),
    headers: eventHeaders(request, arrival),
    ...(queryStringParameters && { queryStringParameters }),
    requestContext: requestContext(request, match, api, arrival),
    ...(match.pathParameters && { pathParameters: match.pathParameters }),
    ...(api.stageVariables && { stageVariables: api.stageVariables }),
    ...(request.body.length > 0 && { body: request.body.toString(binary ? 'base64' : 'utf8') }),
    isBase64Encoded: binary,
  };
}

/** The event with the context that the authorizer returned. */
export const withAuthorizer = (event: HttpEvent, context: unknown): HttpEvent => ({
  ...event,
  requestContext: { ...event.requestContext, authorizer: { lambda: context } },
});

export const domainName = 'localhost';

function requestContext(request: HttpRequest, { route }: RouteMatch, api: Api, arrival: Arrival): RequestContext {
  return {
    accountId: api.accountId,
    apiId: api.apiId,
    domainName,
    domainPrefix: domainName,
    http: {
      method: request.method,
      path: rawPath(request),
      protocol: 'HTTP/1.1',
      sourceIp: request.sourceIp,
      userAgent: headerValues(request, 'user-agent').join(','),
    },
    requestId: arrival.requestId,
    routeKey: route.key,
    stage: api.stage,
    time: requestTime(arrival.time),
    timeEpoch: arrival.time,
  };
}

// Despite the name, an HTTP API decodes `rawPath`, and cuts it at a decoded question mark. Seen on live gateways:
// https://github.com/middleapi/standard-server/pull/93, https://github.com/honojs/hono/issues/2156
function rawPath({ target }: HttpRequest): string {
  return decode(splitTarget(target).path).split('?')[0] ?? '';
}

// Decoded; the values of a repeated parameter are joined by commas.
function parameters(query: string): Record<string, string> | undefined {
  const found = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) found.set(name, [...(found.get(name) ?? []), value]);
  return found.size > 0 ? Object.fromEntries([...found].map(([name, values]) => [name, values.join(',')])) : undefined;
}

// An HTTP API drops hop-by-hop headers, and cookies, which have their own field.
const dropped = new Set(['connection', 'cookie', 'expect', 'keep-alive', 'te', 'transfer-encoding', 'upgrade']);

function eventHeaders(request: HttpRequest, { time }: Arrival): Record<string, string> {
  const headers = new Map<string, string>();
  const add = (name: string, value: string) =>
    headers.set(name, headers.has(name) ? `${headers.get(name)},${value}` : value);
  for (const [name, value] of request.headers) {
    if (!dropped.has(name.toLowerCase())) add(name.toLowerCase(), value);
  }
  headers.set('content-length', String(request.body.length));
  const forwarded = headers.get('x-forwarded-for');
  headers.set('x-forwarded-for', forwarded ? `${forwarded}, ${request.sourceIp}` : request.sourceIp);
  headers.set('x-forwarded-port', '443');
  headers.set('x-forwarded-proto', 'https');
  if (!headers.has('x-amzn-trace-id')) {
    const seconds = Math.floor(time / 1000).toString(16);
    headers.set('x-amzn-trace-id', `Root=1-${seconds}-${randomBytes(12).toString('hex')}`);
  }
  return Object.fromEntries([...headers].sort(([one], [other]) => (one < other ? -1 : 1)));
}

// AWS does not document which bodies arrive as text. On live gateways, these types do; forms, vendor types and bodies without
// a type arrive in base64. https://github.com/ministackorg/ministack/pull/766
function isText(contentType = ''): boolean {
  const mediaType = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  return mediaType.startsWith('text/') || textTypes.has(mediaType);
}

const textTypes = new Set(['application/json', 'application/javascript', 'application/xml']);
