// The Lambda authorizer of an HTTP API in payload format 2.0, with identity sources and cache.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
import type { APIGatewayRequestAuthorizerEventV2 } from 'aws-lambda';
import { loggedRefusal } from './function-log.ts';
import type { HttpEvent } from './http-event.ts';
import { gatewayResponse, type HttpResponse, internalServerError } from './http-response.ts';
import type { Invoke } from './lambda.ts';
import { evaluatePolicy } from './policy.ts';
import type { Api, AuthorizerDefinition } from './stack.ts';
import type { Timers } from './timers.ts';

/** The context for the integration of an allowed request, or the response to a refused one. */
export type Authorization = { context: unknown } | { refusal: HttpResponse; reason?: string };

export type Authorize = (event: HttpEvent) => Promise<Authorization>;

/** Milliseconds that a gateway waits for an authorizer. */
const TIMEOUT = 10_000;

/** One authorizer of one stage, with a cache of its answers. */
export function createHttpAuthorizer(
  definition: AuthorizerDefinition,
  api: Api,
  invoke: Invoke,
  timers: Timers,
): Authorize {
  const cache = new Map<string, { answer: unknown; until: number }>();

  async function ask(event: HttpEvent, identity: string[], routeArn: string): Promise<AuthorizerAnswer> {
    const key = JSON.stringify(identity);
    const known = cache.get(key);
    if (known && timers.now() < known.until) return { answer: known.answer };
    const { requestId } = event.requestContext;
    const outcome = await within(
      TIMEOUT,
      timers,
      invoke(definition.function, authorizerEvent(event, identity, routeArn), requestId),
    );
    if (!outcome) return {};
    const refusal = loggedRefusal(outcome.log);
    const reason = refusal && `the token ${refusal.reason}`;
    if ('error' in outcome)
      return outcome.error.errorMessage === 'Unauthorized' ? { answer: unauthorized, reason } : {};
    // Allow and deny are both cached; an error is not.
    if (definition.ttl > 0 && decide(outcome.payload, definition, routeArn)) {
      cache.set(key, { answer: outcome.payload, until: timers.now() + definition.ttl * 1000 });
    }
    return { answer: outcome.payload, reason };
  }

  return async (event) => {
    const identity = definition.identitySources.map((source) => identityValue(source, event));
    const missing = definition.identitySources.find((_, index) => !isPresent(identity[index]));
    if (missing !== undefined || !identity.every(isPresent)) {
      return { refusal: gatewayResponse(401, 'Unauthorized'), reason: absence(missing ?? '') };
    }
    const { method, path } = event.requestContext.http;
    const routeArn = `arn:aws:execute-api:${api.region}:${api.accountId}:${api.apiId}/${api.stage}/${method}${path}`;
    const { answer, reason } = await ask(event, identity, routeArn);
    if (answer === unauthorized) return refused(gatewayResponse(401, 'Unauthorized'), reason);
    const decision = decide(answer, definition, routeArn) ?? { refusal: internalServerError() };
    return 'refusal' in decision ? refused(decision.refusal, reason) : decision;
  };
}

/** Says in words that an identity source such as `$request.header.Authorization` is missing. */
function absence(source: string): string {
  const [, kind, name] = /^\$request\.(header|querystring)\.(.+)$/.exec(source) ?? [];
  if (kind === undefined) return `${source} is empty`;
  return kind === 'header' ? `no ${name} header was sent` : `the query has no ${name}`;
}

/** The answer of the authorizer, and the reason from its log. */
interface AuthorizerAnswer {
  answer?: unknown;
  reason?: string | undefined;
}

const refused = (refusal: HttpResponse, reason: string | undefined): Authorization => ({
  refusal,
  ...(reason !== undefined && { reason }),
});

const unauthorized = Symbol('Unauthorized');

// Undefined = the answer is malformed. A cached answer is evaluated for each request, because a policy names routes.
function decide(
  answer: unknown,
  { simpleResponses }: AuthorizerDefinition,
  routeArn: string,
): Authorization | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const { isAuthorized, principalId, policyDocument, context = {} } = answer as Record<string, unknown>;
  if (typeof context !== 'object' || context === null || Array.isArray(context)) return undefined;
  const forbidden = { refusal: gatewayResponse(403, 'Forbidden') };
  if (simpleResponses) {
    if (typeof isAuthorized !== 'boolean') return undefined;
    return isAuthorized ? { context } : forbidden;
  }
  if (typeof principalId !== 'string') return undefined;
  const decision = evaluatePolicy(policyDocument, routeArn);
  return decision && (decision === 'allow' ? { context } : forbidden);
}

type AuthorizerEvent = Omit<APIGatewayRequestAuthorizerEventV2, 'requestContext'> & {
  requestContext: HttpEvent['requestContext'];
};

function authorizerEvent(event: HttpEvent, identitySource: string[], routeArn: string): AuthorizerEvent {
  const { body: _, isBase64Encoded: __, version: ___, ...request } = event;
  return {
    version: '2.0',
    type: 'REQUEST',
    routeArn,
    identitySource,
    ...request,
  } as AuthorizerEvent;
}

function identityValue(source: string, event: HttpEvent): string | undefined {
  const [, from, name = ''] =
    /^\$(request\.header|request\.querystring|stageVariables|context)\.(.+)$/.exec(source) ?? [];
  const { requestContext: context } = event;
  switch (from) {
    case 'request.header':
      return name.toLowerCase() === 'cookie' ? event.cookies?.join('; ') : event.headers[name.toLowerCase()];
    case 'request.querystring':
      return event.queryStringParameters?.[name];
    case 'stageVariables':
      return event.stageVariables?.[name];
    default:
      return contextVariables.get(name)?.(context);
  }
}

// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
const contextVariables = new Map<string, (context: HttpEvent['requestContext']) => string>([
  ['accountId', ({ accountId }) => accountId],
  ['apiId', ({ apiId }) => apiId],
  ['domainName', ({ domainName }) => domainName],
  ['httpMethod', ({ http }) => http.method],
  ['identity.sourceIp', ({ http }) => http.sourceIp],
  ['identity.userAgent', ({ http }) => http.userAgent],
  ['path', ({ http }) => http.path],
  ['requestId', ({ requestId }) => requestId],
  ['routeKey', ({ routeKey }) => routeKey],
  ['stage', ({ stage }) => stage],
]);

const isPresent = (value: string | undefined): value is string => value !== undefined && value !== '';

/** The value of the promise, or undefined if it takes longer than the given time. */
export function within<T>(milliseconds: number, timers: Timers, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const cancel = timers.after(milliseconds, () => resolve(undefined));
    void promise.then((value) => {
      cancel();
      resolve(value);
    });
  });
}
