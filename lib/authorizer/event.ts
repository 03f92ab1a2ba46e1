import { headerValues } from '../http/event.ts';

/** What the authorizer reads of an event of API Gateway, and which kind of answer that gateway wants. */
export interface AuthorizerRequest {
  /** `http`: HTTP API, payload 2.0. `rest`: REST API, and HTTP API with payload 1.0. */
  readonly gateway: 'http' | 'rest';
  /** The ARN of the route or method that was called. */
  readonly arn: string;
  /** Every `Authorization` header that was sent. */
  readonly authorization: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The one place that knows the shape of an authorizer's event. Takes anything: what is missing or null is empty. */
export function parseAuthorizerEvent(event: unknown): AuthorizerRequest {
  const { version, type, routeArn, methodArn, authorizationToken, headers, multiValueHeaders } = fields(event);
  if (type === 'TOKEN') {
    const authorization = typeof authorizationToken === 'string' ? [authorizationToken] : [];
    return { gateway: 'rest', arn: text(methodArn), authorization };
  }
  const authorization = headerValues(fields(multiValueHeaders), fields(headers), 'authorization');
  return version === '2.0'
    ? { gateway: 'http', arn: text(routeArn), authorization }
    : { gateway: 'rest', arn: text(methodArn), authorization };
}
