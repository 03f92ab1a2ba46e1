// Events in payload format 1.0, as a REST API makes them for its Lambda proxy integration and its two types of authorizer.
// Not imitated: binary media types (a body is always text), usage plans, client certificates, Cognito.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
import type {
  APIGatewayEventRequestContextWithAuthorizer,
  APIGatewayProxyEventBase,
  APIGatewayRequestAuthorizerEvent,
  APIGatewayTokenAuthorizerEvent,
} from 'aws-lambda';
import { domainName } from './http-event.ts';
import { type Arrival, type HttpRequest, headerValues, requestTime, splitTarget } from './http-request.ts';
import type { Api } from './stack.ts';

/** A resource of the API, such as `/pets/{id}`, and the values of its variables. */
export interface Resource {
  path: string;
  pathParameters?: Record<string, string>;
}

/** `requestContext.authorizer` of a proxy event. A REST API turns every value into a string. */
export type RestAuthorizerContext = Record<string, string | number> & { principalId: string };

/** The event for a Lambda proxy integration. */
export function restEvent(
  request: HttpRequest,
  resource: Resource,
  api: Api,
  arrival: Arrival,
  authorizer?: RestAuthorizerContext,
): APIGatewayProxyEventBase<RestAuthorizerContext | undefined> {
  const { multiValueHeaders, multiValueQueryStringParameters, path } = pathAndValues(request);
  return {
    resource: resource.path,
    path,
    httpMethod: request.method,
    headers: lastValues(multiValueHeaders),
    multiValueHeaders,
    queryStringParameters: orNull(lastValues(multiValueQueryStringParameters)),
    multiValueQueryStringParameters: orNull(multiValueQueryStringParameters),
    pathParameters: resource.pathParameters ?? null,
    stageVariables: api.stageVariables ?? null,
    requestContext: requestContext(request, resource, api, arrival, authorizer),
    body: request.body.length > 0 ? request.body.toString() : null,
    isBase64Encoded: false,
  };
}

/**
 * The event of an authorizer of type TOKEN, which gets a single header.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html
 */
export function tokenAuthorizerEvent(
  request: HttpRequest,
  api: Api,
  header = 'Authorization',
): APIGatewayTokenAuthorizerEvent {
  return {
    type: 'TOKEN',
    methodArn: methodArn(request, api),
    authorizationToken: headerValues(request, header).at(-1) ?? '',
  };
}

/** The event of an authorizer of type REQUEST. It has empty objects where a proxy event has null. */
export function requestAuthorizerEvent(
  request: HttpRequest,
  resource: Resource,
  api: Api,
  arrival: Arrival,
): APIGatewayRequestAuthorizerEvent {
  const { multiValueHeaders, multiValueQueryStringParameters, path } = pathAndValues(request);
  return {
    type: 'REQUEST',
    methodArn: methodArn(request, api),
    resource: resource.path,
    path,
    httpMethod: request.method,
    headers: lastValues(multiValueHeaders),
    multiValueHeaders,
    queryStringParameters: lastValues(multiValueQueryStringParameters),
    multiValueQueryStringParameters,
    pathParameters: resource.pathParameters ?? {},
    stageVariables: api.stageVariables ?? {},
    requestContext: requestContext(request, resource, api, arrival, undefined),
  };
}

/** `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH`, the resource in the policy of an authorizer. */
export function methodArn({ method, target }: HttpRequest, { region, accountId, apiId, stage }: Api): string {
  return `arn:aws:execute-api:${region}:${accountId}:${apiId}/${stage}/${method}${splitTarget(target).path}`;
}

function requestContext<Authorizer>(
  request: HttpRequest,
  resource: Resource,
  api: Api,
  arrival: Arrival,
  authorizer: Authorizer,
): APIGatewayEventRequestContextWithAuthorizer<Authorizer> {
  return {
    resourceId: 'local',
    resourcePath: resource.path,
    httpMethod: request.method,
    extendedRequestId: arrival.requestId,
    requestTime: requestTime(arrival.time),
    path: `/${api.stage}${splitTarget(request.target).path}`,
    accountId: api.accountId,
    protocol: 'HTTP/1.1',
    stage: api.stage,
    domainPrefix: domainName,
    requestTimeEpoch: arrival.time,
    requestId: arrival.requestId,
    identity: {
      ...anonymous,
      sourceIp: request.sourceIp,
      userAgent: headerValues(request, 'user-agent').at(-1) ?? null,
    },
    domainName,
    apiId: api.apiId,
    authorizer,
  };
}

const anonymous = {
  accessKey: null,
  accountId: null,
  apiKey: null,
  apiKeyId: null,
  caller: null,
  clientCert: null,
  cognitoAuthenticationProvider: null,
  cognitoAuthenticationType: null,
  cognitoIdentityId: null,
  cognitoIdentityPoolId: null,
  principalOrgId: null,
  user: null,
  userArn: null,
};

// Unlike an HTTP API, a REST API keeps the spelling of header names and the encoding of the path.
function pathAndValues(request: HttpRequest) {
  const { path, query } = splitTarget(request.target);
  const forwarded: [string, string][] = [
    ['X-Forwarded-For', request.sourceIp],
    ['X-Forwarded-Port', '443'],
    ['X-Forwarded-Proto', 'https'],
  ];
  return {
    path,
    multiValueHeaders: collect([...request.headers, ...forwarded]),
    multiValueQueryStringParameters: collect([...new URLSearchParams(query)]),
  };
}

function collect(pairs: Iterable<readonly [string, string]>): Record<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [name, value] of pairs) found.set(name, [...(found.get(name) ?? []), value]);
  return Object.fromEntries(found);
}

const lastValues = (multiple: Record<string, string[]>): Record<string, string> =>
  Object.fromEntries(Object.entries(multiple).map(([name, values]) => [name, values.at(-1) ?? '']));

const orNull = <T extends object>(value: T): T | null => (Object.keys(value).length > 0 ? value : null);
