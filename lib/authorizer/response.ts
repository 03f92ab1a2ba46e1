import { type AccessToken, audiences } from '../oauth/access-token.ts';
import { isMembershipName, membershipNames } from '../oauth/membership.ts';
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

/** The names of the claims with groups and roles. */
export type MembershipClaims = { readonly [Name in (typeof membershipNames)[number]]: string };

export function claimsContext({ claims }: AccessToken, named: MembershipClaims): ResponseContext {
  const { client_id, sub, scope = '', aud, jti, exp, grant_id = '' } = claims;
  const memberships = membershipNames.flatMap((name) => {
    const list = claims[named[name]];
    return Array.isArray(list) && list.every(isMembershipName) ? [[name, asciiJson(list)]] : [];
  });
  const own = { client_id, sub, scope, aud: audiences(aud).join(' '), jti, exp, grant_id };
  return memberships.length === 0 ? own : { ...own, ...Object.fromEntries(memberships) };
}

/** `tokenValidated` may put groups and roles in another form, and replaces nothing else. */
export const withAdded = ({ groups, roles, ...own }: ResponseContext, added: ResponseContext): ResponseContext => ({
  ...(groups !== undefined && { groups }),
  ...(roles !== undefined && { roles }),
  ...added,
  ...own,
});

/** The gateway may put it into a header. */
const asciiJson = (list: readonly string[]) =>
  JSON.stringify(list).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

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
