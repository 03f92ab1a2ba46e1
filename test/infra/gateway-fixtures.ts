import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHttpApi } from '../../infra/local/gateway.ts';
import { type HttpRequest, httpRequest } from '../../infra/local/http-request.ts';
import { type Lambda, type LambdaOptions, startLambda } from '../../infra/local/lambda.ts';
import type { Stack } from '../../infra/local/stack.ts';
import { readTemplate } from '../../infra/local/template.ts';
import type { Timers } from '../../infra/local/timers.ts';

/** A clock that stands still until the test turns it. */
export interface ManualTimers extends Timers {
  advance(milliseconds: number): void;
  /** Resolves when a timer of this many milliseconds is set. */
  waitedFor(milliseconds: number): Promise<void>;
}

export function manualTimers(now = Date.UTC(2020, 2, 12, 19, 3, 58)): ManualTimers {
  const timers = new Set<{ at: number; milliseconds: number; callback: () => void }>();
  const watchers = new Set<() => void>();
  return {
    now: () => now,
    after(milliseconds, callback) {
      const timer = { at: now + milliseconds, milliseconds, callback };
      timers.add(timer);
      for (const watcher of watchers) watcher();
      return () => timers.delete(timer);
    },
    advance(milliseconds) {
      now += milliseconds;
      for (const timer of [...timers].filter(({ at }) => at <= now)) {
        timers.delete(timer);
        timer.callback();
      }
    },
    waitedFor(milliseconds) {
      return new Promise((resolve) => {
        const look = () => {
          if (![...timers].some((timer) => timer.milliseconds === milliseconds)) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      });
    },
  };
}

/** An API in short: routes by key, each naming a function and perhaps an authorizer. */
export interface ApiDescription {
  /** Function name -> properties over the default ones. */
  functions: Record<string, { timeout?: number; environment?: Record<string, unknown> }>;
  /** Route key -> function, or function and authorizer. */
  routes?: Record<string, string | [string, string]>;
  authorizers?: Record<string, { function: string; sources?: string[]; ttl?: number; simple?: boolean }>;
}

/** The template that `serverless package` would make of it. */
export function template({ functions, routes = {}, authorizers = {} }: ApiDescription) {
  const api = { Ref: 'HttpApi' };
  const arn = (name: string) => ({ 'Fn::GetAtt': [name, 'Arn'] });
  const Resources: Record<string, { Type: string; Properties: Record<string, unknown> }> = {
    HttpApi: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'test', ProtocolType: 'HTTP' } },
    HttpApiStage: { Type: 'AWS::ApiGatewayV2::Stage', Properties: { ApiId: api, StageName: '$default' } },
  };
  for (const [name, { timeout = 10, environment = {} }] of Object.entries(functions)) {
    Resources[name] = {
      Type: 'AWS::Lambda::Function',
      Properties: {
        FunctionName: `test-${name}`,
        Handler: `dist/${name}/index.handler`,
        MemorySize: 256,
        Timeout: timeout,
        Environment: { Variables: environment },
      },
    };
    Resources[`${name}Integration`] = {
      Type: 'AWS::ApiGatewayV2::Integration',
      Properties: {
        ApiId: api,
        IntegrationType: 'AWS_PROXY',
        IntegrationUri: arn(name),
        PayloadFormatVersion: '2.0',
        TimeoutInMillis: 30_000,
      },
    };
  }
  for (const [name, authorizer] of Object.entries(authorizers)) {
    const { sources = ['$request.header.Authorization'], ttl = 0, simple = true } = authorizer;
    Resources[name] = {
      Type: 'AWS::ApiGatewayV2::Authorizer',
      Properties: {
        ApiId: api,
        AuthorizerType: 'REQUEST',
        AuthorizerPayloadFormatVersion: '2.0',
        AuthorizerResultTtlInSeconds: ttl,
        EnableSimpleResponses: simple,
        IdentitySource: sources,
        AuthorizerUri: {
          'Fn::Join': [
            '',
            [
              'arn:',
              { Ref: 'AWS::Partition' },
              ':apigateway:',
              { Ref: 'AWS::Region' },
              ':lambda:path/2015-03-31/functions/',
              arn(authorizer.function),
              '/invocations',
            ],
          ],
        },
      },
    };
  }
  for (const [index, [RouteKey, target]] of Object.entries(routes).entries()) {
    const [name, authorizer] = [target].flat();
    Resources[`Route${index}`] = {
      Type: 'AWS::ApiGatewayV2::Route',
      Properties: {
        ApiId: api,
        RouteKey,
        Target: { 'Fn::Join': ['/', ['integrations', { Ref: `${name}Integration` }]] },
        ...(authorizer !== undefined && { AuthorizationType: 'CUSTOM', AuthorizerId: { Ref: authorizer } }),
      },
    };
  }
  return { Resources };
}

export const stackOf = (description: ApiDescription): Stack => readTemplate(JSON.stringify(template(description)));

/** An API whose functions are made up by the test: `answer` gets the function's name and the event. */
export function apiOf(
  description: ApiDescription,
  answer: (name: string, event: Record<string, unknown>) => unknown,
  timers = manualTimers(),
) {
  const calls: { name: string; event: Record<string, unknown> }[] = [];
  const invoke = async (name: string, event: unknown) => {
    const sent = JSON.parse(JSON.stringify(event)) as Record<string, unknown>;
    calls.push({ name, event: sent });
    try {
      return { payload: JSON.parse(JSON.stringify(await answer(name, sent)) ?? 'null') };
    } catch (error) {
      return { error: { errorType: (error as Error).name, errorMessage: (error as Error).message } };
    }
  };
  const handle = createHttpApi(stackOf(description), invoke, timers, () => {});
  const send = (request: HttpRequest) => handle(request, { requestId: 'id', time: timers.now() });
  return {
    calls,
    timers,
    async get(target: string, described: Parameters<typeof httpRequest>[1] = {}) {
      const { status, headers, cookies, body } = await send(httpRequest(target, described));
      return { status, headers, cookies, body: body.toString() };
    },
  };
}

/** A project directory with bundles, by function name: the body of the handler. */
export function project(handlers: Record<string, string>): { root: string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), 'latchkey-'));
  for (const [name, source] of Object.entries(handlers)) {
    mkdirSync(join(root, 'dist', name), { recursive: true });
    writeFileSync(join(root, 'dist', name, 'index.cjs'), source);
  }
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** Real functions: each handler runs in a worker, as under `npm start`. */
export function lambdaOf(
  handlers: Record<string, string>,
  options: Partial<LambdaOptions> & { functions?: ApiDescription['functions'] } = {},
): Lambda & { root: string; stack: Stack } {
  const { functions = {}, ...rest } = options;
  const { root, remove } = project(handlers);
  const stack = stackOf({
    functions: Object.fromEntries(Object.keys(handlers).map((name) => [name, functions[name] ?? {}])),
  });
  const lambda = startLambda(stack, { root, ...rest });
  const stop = async () => {
    await lambda.stop();
    remove();
  };
  return { ...lambda, root, stack, stop };
}
