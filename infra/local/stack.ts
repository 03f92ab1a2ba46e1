import type { HttpResponse } from './http-response.ts';
import type { TableProperties } from './table-definition.ts';

/** The parts of a packaged template that the local gateway and the local Lambda need. */
export interface Stack {
  api: Api;
  functions: ReadonlyMap<string, FunctionDefinition>;
  routes: readonly Route[];
  /** Logical ids of scheduled functions. */
  schedules: readonly string[];
  /** The first table of the template, if any. */
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
  /** Such as `dist/token/index.handler`: a path relative to the project, and the name of an export. */
  handler: string;
  /** Seconds. */
  timeout: number;
  /** MB. */
  memory: number;
  environment: Readonly<Record<string, string>>;
}

/** The server that the requests of a route go to. */
export interface Upstream {
  /** `http://127.0.0.1:4000` */
  origin: string;
  /** May contain variables of the route's path. Absent = the path of the request. */
  path?: string;
}

/** A route to a function, to another server, or to a page of the gateway itself. */
export type Route = FunctionRoute | ProxyRoute | PageRoute;

interface RouteBase {
  /** `GET /pets/{id}`, `ANY /{proxy+}` or `$default`. */
  key: string;
  authorizer?: AuthorizerDefinition;
}

export interface FunctionRoute extends RouteBase {
  /** Logical id. */
  function: string;
  /** Milliseconds that the gateway waits for the integration. */
  timeout: number;
}

export interface ProxyRoute extends RouteBase {
  upstream: Upstream;
  /** Milliseconds. */
  timeout: number;
}

/** Exists in the local stack only. */
export interface PageRoute extends RouteBase {
  page: HttpResponse;
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
