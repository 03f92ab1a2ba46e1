import type { TableProperties } from './table-definition.ts';

/** What the local gateway and the local Lambda need to know of a packaged template. */
export interface Stack {
  api: Api;
  functions: ReadonlyMap<string, FunctionDefinition>;
  routes: readonly Route[];
  /** Functions that are called by the clock, by logical id. */
  schedules: readonly string[];
  /** The first table of the template, if it has one. */
  table?: { tableName: string; properties: TableProperties };
}

export interface Api {
  accountId: string;
  region: string;
  apiId: string;
  stage: string;
  stageVariables?: Record<string, string>;
}

export interface FunctionDefinition {
  logicalId: string;
  name: string;
  arn: string;
  /** `dist/token/index.handler`: a path relative to the project and the name of an export. */
  handler: string;
  /** Seconds. */
  timeout: number;
  /** MB. */
  memory: number;
  environment: Readonly<Record<string, string>>;
}

export interface Route {
  /** `GET /pets/{id}`, `ANY /{proxy+}` or `$default`. */
  key: string;
  /** Logical id. */
  function: string;
  /** Milliseconds that the gateway waits for the integration. */
  timeout: number;
  authorizer?: AuthorizerDefinition;
}

export interface AuthorizerDefinition {
  logicalId: string;
  /** Logical id. */
  function: string;
  /** `$request.header.Authorization`, `$context.routeKey` ... */
  identitySources: readonly string[];
  /** Seconds; 0 = never cached. */
  ttl: number;
  simpleResponses: boolean;
}
