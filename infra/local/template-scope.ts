// The values of `Ref` and `Fn::GetAtt` in a template that is not deployed, with a made-up account, region and ARNs.
import { noValue, resolve, type Scope } from './intrinsics.ts';

export type Properties = Record<string, unknown>;

export interface Template {
  Parameters?: Record<string, { Default?: unknown }>;
  Resources?: Record<string, { Type: string; Properties?: Properties }>;
}

export const region = 'us-east-1';
export const accountId = '123456789012';
export const apiId = 'local';

const pseudoParameters = new Map<string, unknown>([
  ['AWS::AccountId', accountId],
  ['AWS::NoValue', noValue],
  ['AWS::NotificationARNs', []],
  ['AWS::Partition', 'aws'],
  ['AWS::Region', region],
  ['AWS::StackId', `arn:aws:cloudformation:${region}:${accountId}:stack/local/local`],
  ['AWS::StackName', 'local'],
  ['AWS::URLSuffix', 'amazonaws.com'],
]);

// The property that `Ref` returns for a resource, if it is not an id that CloudFormation generates.
const nameProperties = new Map([
  ['AWS::Lambda::Function', 'FunctionName'],
  ['AWS::DynamoDB::Table', 'TableName'],
  ['AWS::Logs::LogGroup', 'LogGroupName'],
  ['AWS::IAM::Role', 'RoleName'],
]);

const arns = new Map<string, (name: string) => string>([
  ['AWS::Lambda::Function', (name) => `arn:aws:lambda:${region}:${accountId}:function:${name}`],
  ['AWS::DynamoDB::Table', (name) => `arn:aws:dynamodb:${region}:${accountId}:table/${name}`],
  ['AWS::Logs::LogGroup', (name) => `arn:aws:logs:${region}:${accountId}:log-group:${name}:*`],
  ['AWS::IAM::Role', (name) => `arn:aws:iam::${accountId}:role/${name}`],
]);

/** @param secrets values for dynamic references, by secret name, then by key */
export function createScope(template: Template, secrets: Scope['secrets'] = {}) {
  const { Resources: resources = {}, Parameters: parameters = {} } = template;
  const scope = { ref, attribute, secrets };

  function ref(name: string): unknown {
    if (pseudoParameters.has(name)) return pseudoParameters.get(name);
    const resource = resources[name];
    if (!resource) return parameters[name]?.Default;
    if (resource.Type === 'AWS::ApiGatewayV2::Api') return apiId;
    const property = nameProperties.get(resource.Type) ?? '';
    const given = resource.Properties?.[property];
    return given === undefined ? name : resolve(given, `${name}.${property}`, scope);
  }

  function attribute(name: string, wanted: string): string | undefined {
    const arn = arns.get(resources[name]?.Type ?? '');
    return wanted === 'Arn' ? arn?.(String(ref(name))) : undefined;
  }

  return scope satisfies Scope;
}
