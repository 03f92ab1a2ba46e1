import { headerValues } from '../http/proxy-event.ts';

/** What the authorizer reads from an event of API Gateway. */
export interface AuthorizerRequest {
  /** Decides the response format. `http`: HTTP API with payload 2.0. `rest`: REST API, and HTTP API with payload 1.0. */
  readonly gateway: 'http' | 'rest';
  /** The ARN of the route or method that was called. */
  readonly arn: string;
  /** Every `Authorization` header that was sent. */
  readonly authorization: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Reads an event of a `TOKEN` or `REQUEST` authorizer. Fields that are missing, null or of another type count as empty. */
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
