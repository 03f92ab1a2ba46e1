// Reads a packaged CloudFormation template (`cloudformation-template-update-stack.json` of `serverless package`). Refused,
// because the gateway does not imitate them: payload format 1.0, JWT and IAM authorizers, named stages, custom domains,
// integrations other than Lambda proxies. Settings of CORS and throttling are ignored.

import { Problem } from '../problem.ts';
import { resolve, type Scope } from './intrinsics.ts';
import type { Api, AuthorizerDefinition, FunctionDefinition, Route, Stack } from './stack.ts';
import { findTable, type TableProperties } from './table-definition.ts';
import { accountId, apiId, createScope, type Properties, region, type Template } from './template-scope.ts';

/**
 * @param text the template as JSON
 * @param secrets values for dynamic references, by secret name, then by key
 * @throws Problem naming logical id and property, for a value that cannot be resolved or is not imitated
 */
export function readTemplate(text: string, secrets: Scope['secrets'] = {}): Stack {
  const template = parse(text);
  const { Resources: resources = {} } = template;
  const scope = createScope(template, secrets);
  const { ref, attribute } = scope;

  const read = (logicalId: string, property: string): unknown => {
    const value = resources[logicalId]?.Properties?.[property];
    return value === undefined ? undefined : resolve(value, `${logicalId}.${property}`, scope);
  };
  const ofType = (type: string) => Object.keys(resources).filter((id) => resources[id]?.Type === type);
  const integers = (logicalId: string, property: string, otherwise: number) => {
    const value = Number(read(logicalId, property) ?? otherwise);
    return Number.isSafeInteger(value) ? value : refuse(logicalId, property, 'is not a whole number');
  };

  const functions = new Map(
    ofType('AWS::Lambda::Function').map((logicalId): [string, FunctionDefinition] => [
      logicalId,
      {
        logicalId,
        name: String(ref(logicalId)),
        arn: String(attribute(logicalId, 'Arn')),
        handler: String(read(logicalId, 'Handler')),
        timeout: integers(logicalId, 'Timeout', 3),
        memory: integers(logicalId, 'MemorySize', 128),
        environment: variables((read(logicalId, 'Environment') as Properties | undefined)?.['Variables'], logicalId),
      },
    ]),
  );

  function functionAt(logicalId: string, property: string, uri = String(read(logicalId, property))): string {
    const named = [...functions.values()].find(
      ({ arn }) => uri === arn || uri.includes(`/functions/${arn}/invocations`),
    );
    return named?.logicalId ?? refuse(logicalId, property, 'does not name a function of this template');
  }

  function authorizer(logicalId: string): AuthorizerDefinition {
    expect(logicalId, 'AuthorizerType', 'REQUEST');
    expect(logicalId, 'AuthorizerPayloadFormatVersion', '2.0');
    const identitySources = ((read(logicalId, 'IdentitySource') ?? []) as unknown[]).map(String);
    const strange = identitySources.find((source) => !knownSource.test(source));
    if (strange !== undefined) refuse(logicalId, 'IdentitySource', `${strange} is not imitated`);
    // CloudFormation does not cache by default.
    const ttl = integers(logicalId, 'AuthorizerResultTtlInSeconds', 0);
    if (ttl > 0 && identitySources.length === 0)
      refuse(logicalId, 'IdentitySource', 'must be set when answers are cached');
    const simpleResponses = read(logicalId, 'EnableSimpleResponses') === true;
    return { logicalId, function: functionAt(logicalId, 'AuthorizerUri'), identitySources, ttl, simpleResponses };
  }

  function route(logicalId: string): Route {
    const integration = String(read(logicalId, 'Target')).replace(/^integrations\//, '');
    if (resources[integration] === undefined)
      refuse(logicalId, 'Target', 'does not name an integration of this template');
    expect(integration, 'IntegrationType', 'AWS_PROXY');
    expect(integration, 'PayloadFormatVersion', '2.0');
    const kind = read(logicalId, 'AuthorizationType') ?? 'NONE';
    if (kind !== 'NONE' && kind !== 'CUSTOM') refuse(logicalId, 'AuthorizationType', `${kind} is not imitated`);
    return {
      key: String(read(logicalId, 'RouteKey')),
      function: functionAt(integration, 'IntegrationUri'),
      timeout: integers(integration, 'TimeoutInMillis', 30_000),
      ...(kind === 'CUSTOM' && { authorizer: authorizer(String(read(logicalId, 'AuthorizerId'))) }),
    };
  }

  function schedule(logicalId: string): string {
    const [target, ...others] = (read(logicalId, 'Targets') ?? []) as { Arn?: unknown; Input?: unknown }[];
    if (read(logicalId, 'ScheduleExpression') === undefined) refuse(logicalId, 'EventPattern', 'is not imitated');
    if (others.length > 0) refuse(logicalId, 'Targets', 'has more than one target; only one is imitated');
    return functionAt(logicalId, 'Targets', String(target?.Arn));
  }

  function expect(logicalId: string, property: string, wanted: string): void {
    const value = read(logicalId, property);
    if (value !== wanted) refuse(logicalId, property, `is ${value}; only ${wanted} is imitated`);
  }

  function stage(): Api {
    const [logicalId = ''] = ofType('AWS::ApiGatewayV2::Stage');
    if (logicalId) expect(logicalId, 'StageName', '$default');
    const stageVariables = read(logicalId, 'StageVariables');
    return {
      accountId,
      region,
      apiId,
      stage: '$default',
      ...(stageVariables !== undefined && { stageVariables: stageVariables as Record<string, string> }),
    };
  }

  const table = findTable(resources);
  return {
    api: stage(),
    functions,
    routes: ofType('AWS::ApiGatewayV2::Route').map(route),
    schedules: ofType('AWS::Events::Rule').map(schedule),
    ...(table && {
      table: {
        tableName: String(ref(table.logicalId)),
        properties: resolve(table.properties, table.logicalId, scope) as TableProperties,
      },
    }),
  };
}

const knownSource =
  /^\$(request\.(header|querystring)\.[\w-]+|stageVariables\.\w+|context\.(routeKey|path|httpMethod|stage|apiId|accountId|domainName|requestId|identity\.sourceIp|identity\.userAgent))$/;

function parse(text: string): Template {
  try {
    return JSON.parse(text) as Template;
  } catch (error) {
    throw new Problem(`the packaged template is not JSON: ${(error as Error).message}`);
  }
}

function refuse(logicalId: string, property: string, reason: string): never {
  throw new Problem(`${logicalId}.${property}: ${reason}`);
}

// Environment variables are strings; CloudFormation converts numbers and booleans.
function variables(given: unknown, logicalId: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries((given ?? {}) as Properties).map(([name, value]) => {
      if (typeof value === 'object') refuse(logicalId, `Environment.Variables.${name}`, 'is not a string');
      return [name, String(value)];
    }),
  );
}
