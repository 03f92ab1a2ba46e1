// The Lambda authorizer of a REST API, types TOKEN and REQUEST, with its cache and the responses of a REST API. Not imitated:
// customized gateway responses.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
import { within } from './http-authorizer.ts';
import { type Arrival, type HttpRequest, headerValues, splitTarget } from './http-request.ts';
import { gatewayResponse, type HttpResponse } from './http-response.ts';
import { evaluatePolicy } from './policy.ts';
import {
  methodArn,
  type Resource,
  type RestAuthorizerContext,
  requestAuthorizerEvent,
  tokenAuthorizerEvent,
} from './rest-event.ts';
import type { Api } from './stack.ts';
import { systemTimers, type Timers } from './timers.ts';

export interface RestAuthorizerDefinition {
  type: 'TOKEN' | 'REQUEST';
  /** `method.request.header.Authorization`, `method.request.querystring.x`. TOKEN has exactly one header. */
  identitySources: readonly string[];
  /** Seconds; 0 = never cached. */
  ttl: number;
  /** TOKEN only: the pattern that the header must match, otherwise the function is not called. */
  validation?: RegExp;
}

/** The context for the integration of an allowed request, or the response to a refused one. */
export type RestAuthorization = { authorizer: RestAuthorizerContext } | { refusal: HttpResponse };

/** Calls the function of the authorizer. Rejects when the function throws. */
export type AuthorizerFunction = (event: unknown) => Promise<unknown>;

/** One authorizer of one stage. As on AWS, all methods and resources share its cache. */
export function createRestAuthorizer(
  definition: RestAuthorizerDefinition,
  api: Api,
  call: AuthorizerFunction,
  timers: Timers = systemTimers,
): (request: HttpRequest, resource: Resource, arrival: Arrival) => Promise<RestAuthorization> {
  const cache = new Map<string, { policy: Policy; until: number }>();

  async function ask(
    request: HttpRequest,
    resource: Resource,
    arrival: Arrival,
  ): Promise<Policy | 'unauthorized' | undefined> {
    const [source = ''] = definition.identitySources;
    const event =
      definition.type === 'TOKEN'
        ? tokenAuthorizerEvent(request, api, source.replace('method.request.header.', ''))
        : requestAuthorizerEvent(request, resource, api, arrival);
    const answered = call(JSON.parse(JSON.stringify(event))).then(
      (answer) => parsePolicy(answer, methodArn(request, api)),
      (error) => (error instanceof Error && error.message === 'Unauthorized' ? ('unauthorized' as const) : undefined),
    );
    return within(29_000, timers, answered);
  }

  return async (request, resource, arrival) => {
    const identity = definition.identitySources.map((name) => identityValue(name, request, api));
    if (identity.some((value) => !value)) return { refusal: gatewayResponse(401, 'Unauthorized') };
    if (definition.validation && !definition.validation.test(identity[0] ?? '')) {
      return { refusal: gatewayResponse(401, 'Unauthorized') };
    }
    const key = JSON.stringify(identity);
    const known = cache.get(key);
    const policy = known && timers.now() < known.until ? known.policy : await ask(request, resource, arrival);
    if (policy === 'unauthorized') return { refusal: gatewayResponse(401, 'Unauthorized') };
    if (!policy) return { refusal: gatewayResponse(500, null) };
    if (definition.ttl > 0 && policy !== known?.policy) {
      cache.set(key, { policy, until: timers.now() + definition.ttl * 1000 });
    }
    const decision = evaluatePolicy(policy.document, methodArn(request, api));
    return decision === 'allow'
      ? { authorizer: policy.authorizer }
      : { refusal: forbidden(decision === 'explicit deny') };
  };
}

interface Policy {
  document: unknown;
  authorizer: RestAuthorizerContext;
}

// Undefined = the answer is malformed, as it is with a context of anything but strings, numbers and booleans.
function parsePolicy(answer: unknown, arn: string): Policy | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const { principalId, policyDocument, context } = answer as Record<string, unknown>;
  if (typeof principalId !== 'string' || !evaluatePolicy(policyDocument, arn)) return undefined;
  if (context !== undefined && (typeof context !== 'object' || context === null)) return undefined;
  const values = Object.entries(context ?? {});
  if (!values.every(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))) return undefined;
  const strings = Object.fromEntries(values.map(([name, value]) => [name, String(value)]));
  return { document: policyDocument, authorizer: { ...strings, principalId, integrationLatency: 0 } };
}

// For this response, a REST API spells the member with a capital letter.
function forbidden(explicit: boolean): HttpResponse {
  const Message = `User is not authorized to access this resource${explicit ? ' with an explicit deny' : ''}`;
  return { ...gatewayResponse(403, ''), body: Buffer.from(JSON.stringify({ Message })) };
}

function identityValue(source: string, request: HttpRequest, api: Api): string | null | undefined {
  const [, from, name = ''] = /^(?:method\.request\.)?(header|querystring|stageVariables)\.(.+)$/.exec(source) ?? [];
  if (from === 'header') return headerValues(request, name).at(-1);
  if (from === 'querystring') return new URLSearchParams(splitTarget(request.target).query).getAll(name).at(-1);
  return api.stageVariables?.[name];
}
