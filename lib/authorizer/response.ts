import { type AccessToken, audiences } from '../oauth/access-token.ts';
import type { AuthorizerRequest } from './event.ts';

/** Flat, as API Gateway requires, and without the token. */
export type ResponseContext = Readonly<Record<string, string | number | boolean>>;

export interface SimpleResponse {
  readonly isAuthorized: boolean;
  readonly context?: ResponseContext;
}

export interface PolicyResponse {
  readonly principalId: string;
  readonly policyDocument: {
    readonly Version: '2012-10-17';
    readonly Statement: readonly [
      { readonly Action: 'execute-api:Invoke'; readonly Effect: 'Allow' | 'Deny'; readonly Resource: string },
    ];
  };
  readonly context?: ResponseContext;
}

export type AuthorizerResponse = SimpleResponse | PolicyResponse;

/** What an HTTP API is configured for, which its events do not show. A REST API always takes a policy. */
export type ResponseFormat = 'simple' | 'policy';

export function claimsContext({ claims }: AccessToken): ResponseContext {
  const { client_id, sub, scope = '', aud, jti, exp, grant_id = '' } = claims;
  return { client_id, sub, scope, aud: audiences(aud).join(' '), jti, exp, grant_id };
}

export function allow(
  request: AuthorizerRequest,
  format: ResponseFormat,
  sub: string,
  context: ResponseContext,
): AuthorizerResponse {
  if (request.gateway === 'http' && format === 'simple') return { isAuthorized: true, context };
  const stage = stageOf(request.arn);
  if (!stage) throw new Error('the event has no ARN of an API');
  return { ...policy(`${stage}/*`, 'Allow', sub), context };
}

/** A REST API answers 401 to exactly this message. */
export class Unauthorized extends Error {
  constructor() {
    super('Unauthorized');
  }
}

/** The error is for REST APIs, to be thrown. */
export function refuse(request: AuthorizerRequest, format: ResponseFormat): AuthorizerResponse | Unauthorized {
  if (request.gateway === 'rest') return new Unauthorized();
  if (format === 'simple') return { isAuthorized: false };
  const stage = stageOf(request.arn);
  return policy(stage ? `${stage}/*` : '*', 'Deny', 'anonymous');
}

/**
 * The ARN of the stage that was called. The gateway caches the policy by token and applies it to other routes too: a policy for
 * one route would refuse the others, and a wider one would reach other APIs. The path, which the caller chooses, is left out.
 */
const stageOf = (arn: string): string | undefined =>
  /^arn:[\w-]+:execute-api:[\w-]+:\d{12}:\w+\/[\w$-]+(?=\/)/.exec(arn)?.[0];

function policy(Resource: string, Effect: 'Allow' | 'Deny', principalId: string): PolicyResponse {
  const Statement = [{ Action: 'execute-api:Invoke', Effect, Resource }] as const;
  return { principalId, policyDocument: { Version: '2012-10-17', Statement } };
}
