// Compares the deployed roles with the requests that functions really make to the table and to KMS: no request is refused, and
// no permission is unused.
//
// To test the role of a new function, add it to `createHandlers` (or, if it is scheduled, next to `deliver` in deployment.ts),
// and use it in journey.ts in every way that leads to another kind of request. A missing permission then fails as a refusal. A
// permission that the journey never needs fails as unused: narrow the role in infra/resources, or extend the journey. Describe
// new operations of DynamoDB or KMS in support/aws-request.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AwsRequest, isAllowed, splitStatements, statementName, withoutEachAttribute } from '../support/iam.ts';
import type { PackagedFunction } from '../support/packaged-functions.ts';
import type { RecordedRequest } from '../support/role-proxy.ts';
import { createTestClock } from '../support/world.ts';
import { type Deployment, deploy, type Origin, origins } from './deployment.ts';
import { useEverything } from './journey.ts';

describe.each(Object.keys(origins) as Origin[])('with keys from %s', (origin) => {
  let deployment: Deployment;
  let requests: readonly RecordedRequest[];
  let failure: unknown;
  let functions: Readonly<Record<string, PackagedFunction>>;

  beforeAll(async () => {
    const clock = createTestClock();
    deployment = await deploy(origin, clock.clock);
    // Kept for a later test, because refused requests explain more than the step that failed.
    failure = await useEverything(deployment, clock).catch((error: unknown) => error);
    ({ functions } = deployment.stack);
    requests = deployment.proxy.requests;
  });

  afterAll(() => deployment?.stop());

  /** One request of each kind that a function made, and those that Lambda makes on its behalf. */
  const requestsOf = (name: string): AwsRequest[] => {
    const { region } = deployment.stack;
    const stream = `arn:aws:logs:${region}:123456789012:log-group:${functions[name]?.logGroup}:log-stream:2027/01/15/1`;
    const logged = ['logs:CreateLogStream', 'logs:PutLogEvents'];
    return [
      ...distinct(requests.filter((request) => request.function === name)),
      ...logged.map((action) => ({ action, resource: stream, context: {} })),
    ];
  };

  it('every step of the journey succeeds', () => expect(failure).toBeUndefined());

  it('the journey uses every deployed function', () => {
    const silent = Object.keys(functions).filter((name) => !requests.some((request) => request.function === name));
    // These make no requests to AWS, unless there is a key registry to read.
    const without = origin === 'secret' || origin === 'kms' ? ['discovery', 'jwks', 'whoami'] : ['whoami'];
    expect(silent.sort()).toEqual(without);
  });

  it('no request of a function is refused under its own role', () => {
    expect(requests.filter((request) => !request.isAllowed)).toEqual([]);
  });

  it('every permission of a role is needed: without it, a request of the function would be refused', async () => {
    const unused: string[] = [];
    for (const [name, { role }] of Object.entries(functions)) {
      const parts = splitStatements(role);
      const recorded = requestsOf(name);
      for (const part of parts) {
        const others = parts.filter((other) => other !== part);
        const affected = recorded.filter(({ action }) => action === part.Action);
        const verdicts = await Promise.all(affected.map((request) => isAllowed(others, request)));
        if (verdicts.every((allowed) => allowed)) unused.push(`${name}: ${statementName(part)}`);
      }
    }
    const permissions = Object.values(functions).flatMap(({ role }) => splitStatements(role)).length;
    console.info(`keys from ${origin}: ${requests.length} requests recorded, ${permissions} permissions proved`);
    expect(unused).toEqual([]);
  });

  it('every attribute that a role names is needed: without it, a request of the function would be refused', async () => {
    const unused: string[] = [];
    for (const [name, { role }] of Object.entries(functions)) {
      const parts = splitStatements(role);
      for (const part of parts) {
        const others = parts.filter((other) => other !== part);
        const affected = requestsOf(name).filter(({ action }) => action === part.Action);
        for (const [attribute, narrower] of withoutEachAttribute(part)) {
          const verdicts = await Promise.all(affected.map((request) => isAllowed([...others, narrower], request)));
          if (verdicts.every((allowed) => allowed)) unused.push(`${name}: ${statementName(part)} ${attribute}`);
        }
      }
    }
    expect(unused).toEqual([]);
  });
});

/** One request of each kind. For IAM, requests for different items of the same kind are equal. */
function distinct(requests: readonly RecordedRequest[]): RecordedRequest[] {
  const kinds = new Map(requests.map((request) => [kindOf(request), request]));
  return [...kinds.values()];
}

function kindOf({ action, resource, context }: AwsRequest): string {
  const [key = ''] = context['dynamodb:LeadingKeys'] ?? [];
  const attributes = context['dynamodb:Attributes']?.toSorted();
  return JSON.stringify([action, resource, key.replace(/#.*/, '#'), attributes, context['kms:SigningAlgorithm']]);
}
