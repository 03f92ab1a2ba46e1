import { headerValues } from '../http/proxy-event.ts';

export interface AuthorizerRequest {
  /** `http`: HTTP API with payload 2.0. `rest`: REST API, and HTTP API with payload 1.0. */
  readonly gateway: 'http' | 'rest';
  /** Of the route or method that was called. */
  readonly arn: string;
  readonly authorization: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Fields that are missing, null or of another type count as empty. */
export function parseAuthorizerEvent(event: unknown): AuthorizerRequest {
  const { version, type, routeArn, methodArn, authorizationToken, headers, multiValueHeaders } = fields(event);
  if (type === 'TOKEN') {
    const authorization = typeof authorizationToken === 'string' ? [authorizationToken] : [];
    return { gateway: 'rest', arn: text(methodArn), authorization };
  }
  const authorization = headerValues(multiValueHeaders, headers, 'authorization');
  return version === '2.0'
    ? { gateway: 'http', arn: text(routeArn), authorization }
    : { gateway: 'rest', arn: text(methodArn), authorization };
}
