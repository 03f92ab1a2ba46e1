import { type AccessToken, audiences } from '../oauth/access-token.ts';
import type { AuthorizerRequest } from './event.ts';

/** What the API behind gets to know: flat, and never the token itself. */
export type AnswerContext = Readonly<Record<string, string | number | boolean>>;

export interface SimpleAnswer {
  readonly isAuthorized: boolean;
  readonly context?: AnswerContext;
}

export interface PolicyAnswer {
  readonly principalId: string;
  readonly policyDocument: {
    readonly Version: '2012-10-17';
    readonly Statement: readonly [
      { readonly Action: 'execute-api:Invoke'; readonly Effect: 'Allow' | 'Deny'; readonly Resource: string },
    ];
  };
  readonly context?: AnswerContext;
}

export type Answer = SimpleAnswer | PolicyAnswer;

/** How an HTTP API is configured to be answered; its events do not say. A REST API always wants a policy. */
export type ResponseType = 'simple' | 'policy';

export function contextOf({ claims }: AccessToken): AnswerContext {
  const { client_id, sub, scope = '', aud, jti, exp, grant_id = '' } = claims;
  return { client_id, sub, scope, aud: audiences(aud).join(' '), jti, exp, grant_id };
}

export function allow(request: AuthorizerRequest, type: ResponseType, sub: string, context: AnswerContext): Answer {
  if (request.gateway === 'http' && type === 'simple') return { isAuthorized: true, context };
  const stage = stageOf(request.arn);
  if (!stage) throw new Error('the ARN of the event is not that of an API');
  return { ...policy(`${stage}/*`, 'Allow', sub), context };
}

/** The word that makes a REST API answer 401. */
export class Unauthorized extends Error {
  constructor() {
    super('Unauthorized');
  }
}

/** @returns what the authorizer answers or, towards a REST API, has to throw */
export function refuse(request: AuthorizerRequest, type: ResponseType): Answer | Unauthorized {
  if (request.gateway === 'rest') return new Unauthorized();
  if (type === 'simple') return { isAuthorized: false };
  const stage = stageOf(request.arn);
  return policy(stage ? `${stage}/*` : '*', 'Deny', 'anonymous');
}

/**
 * The stage that was called. A policy is for all of it: the gateway caches it by token and holds it against other routes
 * too, so one route would break the next, and a wider one would reach other APIs. Nothing of the path goes into it.
 */
const stageOf = (arn: string): string | undefined =>
  /^arn:[\w-]+:execute-api:[\w-]+:\d{12}:\w+\/[\w$-]+(?=\/)/.exec(arn)?.[0];

function policy(Resource: string, Effect: 'Allow' | 'Deny', principalId: string): PolicyAnswer {
  const Statement = [{ Action: 'execute-api:Invoke', Effect, Resource }] as const;
  return { principalId, policyDocument: { Version: '2012-10-17', Statement } };
}
