// The roles that are deployed, held against what functions really ask of the table and of KMS: nothing of it is refused, and
// nothing is allowed that no function asks for.
//
// To prove the role of a new function: add it to `createHandlers` (or, for one that the clock calls, beside `deliver` in
// deployment.ts), and use it in journey.ts in every way that leads to another kind of request. What its role lacks fails as a
// refusal; what its role has and the journey never needs fails as unused: then either the role is too wide, and is narrowed in
// infra/resources/, or the journey is too narrow. A new operation of DynamoDB or KMS is described in support/aws-request.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AwsRequest, isAllowed, namePart, partsOf } from '../support/iam.ts';
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
    // What was refused on the way tells more than the step that it made fail.
    failure = await useEverything(deployment, clock).catch((error: unknown) => error);
    ({ functions } = deployment.stack);
    requests = deployment.proxy.requests;
  });

  afterAll(() => deployment?.stop());

  /** What a function asked for, and what Lambda asks for on its behalf: one request of each kind. */
  const requestsOf = (name: string): AwsRequest[] => {
    const { region } = deployment.stack;
    const stream = `arn:aws:logs:${region}:123456789012:log-group:${functions[name]?.logGroup}:log-stream:2027/01/15/1`;
    const logged = ['logs:CreateLogStream', 'logs:PutLogEvents'];
    return [
      ...distinct(requests.filter((request) => request.function === name)),
      ...logged.map((action) => ({ action, resource: stream, context: {} })),
    ];
  };

  it('every step of the journey goes well', () => expect(failure).toBeUndefined());

  it('the journey uses every function that is deployed', () => {
    const silent = Object.keys(functions).filter((name) => !requests.some((request) => request.function === name));
    // They ask AWS for nothing, unless there is a key registry to read.
    const without = origin === 'secret' || origin === 'kms' ? ['discovery', 'jwks', 'whoami'] : ['whoami'];
    expect(silent.sort()).toEqual(without);
  });

  it('no request of a function is refused under its own role', () => {
    expect(requests.filter((request) => !request.isAllowed)).toEqual([]);
  });

  it('a role allows nothing that its function does not use, and without any one part of it a request is refused', async () => {
    const unused: string[] = [];
    for (const [name, { role }] of Object.entries(functions)) {
      const parts = partsOf(role);
      const recorded = requestsOf(name);
      for (const part of parts) {
        const others = parts.filter((other) => other !== part);
        const affected = recorded.filter(({ action }) => action === part.Action);
        const verdicts = await Promise.all(affected.map((request) => isAllowed(others, request)));
        if (verdicts.every((allowed) => allowed)) unused.push(`${name}: ${namePart(part)}`);
      }
    }
    const permissions = Object.values(functions).flatMap(({ role }) => partsOf(role)).length;
    console.info(`keys from ${origin}: ${requests.length} requests recorded, ${permissions} permissions proved`);
    expect(unused).toEqual([]);
  });
});

/** One of each kind: requests that differ only in which item of a kind they are about are the same to IAM. */
function distinct(requests: readonly RecordedRequest[]): RecordedRequest[] {
  const kinds = new Map(requests.map((request) => [kindOf(request), request]));
  return [...kinds.values()];
}

function kindOf({ action, resource, context }: AwsRequest): string {
  const [key = ''] = context['dynamodb:LeadingKeys'] ?? [];
  return JSON.stringify([action, resource, key.replace(/#.*/, '#'), context['kms:SigningAlgorithm']]);
}
