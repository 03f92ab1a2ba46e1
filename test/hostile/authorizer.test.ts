import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bombard, REQUESTS, SEED, startWatchedDeployment, type WatchedDeployment } from '../support/bombard.ts';
import type { Hostile } from '../support/hostile.ts';
import { scaled } from '../support/scale.ts';
import { authorizerEvents, type Handlers, HTTP_ARN, REST_ARN } from '../support/world.ts';

let target: WatchedDeployment;

beforeAll(async () => {
  target = await startWatchedDeployment();
});
afterAll(() => target.stop());

type Event = Record<string, unknown>;

const STAGE = { http: HTTP_ARN.replace('/GET/whoami', ''), rest: REST_ARN.replace('/GET/whoami', '') };

const deny = (arn: string) => ({
  principalId: 'anonymous',
  policyDocument: {
    Version: '2012-10-17',
    Statement: [{ Action: 'execute-api:Invoke', Effect: 'Deny', Resource: arn }],
  },
});

/** For each shape of event: how to make one, and how the authorizer refuses it. */
const shapes = [
  { name: 'HTTP API 2.0', shape: 'HTTP API 2.0', variables: {}, refusals: [{ isAuthorized: false }] },
  {
    name: 'HTTP API 2.0 with policies',
    shape: 'HTTP API 2.0',
    variables: { AUTHORIZER_RESPONSE: 'policy' },
    refusals: [deny(`${STAGE.http}/*`), deny('*')],
  },
  { name: 'HTTP API 1.0', shape: 'HTTP API 1.0', variables: {}, refusals: [] },
  { name: 'REST REQUEST', shape: 'REST REQUEST', variables: {}, refusals: [] },
  { name: 'REST TOKEN', shape: 'REST TOKEN', variables: {}, refusals: [] },
] as const;

/** What the path can do to the ARN, and what else the caller can put into an event. */
function decorate({ random, text, anything }: Hostile, event: Event): Event {
  const stage = 'routeArn' in event || String(event['methodArn']).includes('$default') ? STAGE.http : STAGE.rest;
  const path = random.pick(['whoami', '', '*', '../*', 'a/b/*', '%2F*', text(), `arn:aws:execute-api:*:*:*/*/*`]);
  return {
    ...event,
    ['routeArn' in event ? 'routeArn' : 'methodArn']: `${stage}/${random.pick(['GET', '*', 'POST'])}/${path}`,
    path: text(),
    rawPath: text(),
    rawQueryString: text(),
    queryStringParameters: random.chance(0.3) ? anything() : { [text()]: text(), access_token: text() },
    pathParameters: anything(),
    stageVariables: anything(),
    requestContext: random.chance(0.3) ? anything() : { accountId: text(), authorizer: { [text()]: text() } },
    cookies: [text()],
    identitySource: anything(),
  };
}

/** The event with another value of the Authorization header, or with several. */
function withAuthorization(event: Event, values: readonly unknown[], name = 'Authorization'): Event {
  if (event['type'] === 'TOKEN') return { ...event, authorizationToken: values.length > 1 ? values : values[0] };
  if (event['version'] === '2.0') {
    return { ...event, headers: { [name.toLowerCase()]: values.length > 1 ? values.join(',') : values[0] } };
  }
  return { ...event, headers: { [name]: values.at(-1) }, multiValueHeaders: { [name]: values } };
}

function hostileEvent(hostile: Hostile, event: (token: string) => Event): unknown {
  const { random, text, anything, wrongType, token } = hostile;
  const real = random.pick(target.material.real);
  const proper = decorate(hostile, event(real));
  return random.pick<() => unknown>([
    // A hostile token in its place, and the rest in order.
    ...Array.from({ length: 6 }, () => () => withAuthorization(proper, [`Bearer ${token(target.material)}`])),
    // A real token in a hostile place.
    () =>
      withAuthorization(proper, [
        random.pick([
          real,
          `Bearer${real}`,
          `Bearer\t${real}`,
          `Bearer ${real} `,
          `Bearer ${real}\r\n`,
          `Bearer ${real}\0`,
          `Bearer ${real}, ${real}`,
          `Bearer ${real}=`,
          `Bearer "${real}"`,
          `Basic ${Buffer.from(`:${real}`).toString('base64')}`,
          `DPoP ${real}`,
          `Bearer Bearer ${real}`,
          ` Bearer ${real}`,
          `${text()} ${real}`,
          text(),
          '',
        ]),
      ]),
    () => withAuthorization(proper, [`Bearer ${real}`, random.pick([`Bearer ${real}`, text(), 'Bearer x'])]),
    () => withAuthorization(proper, [random.pick([wrongType(), null, [[`Bearer ${real}`]], { token: real }])]),
    // No event, or a broken one.
    () => random.pick([wrongType(), text()]),
    () => ({ ...proper, headers: anything(), multiValueHeaders: anything(), authorizationToken: wrongType() }),
    () => ({ ...proper, headers: null, multiValueHeaders: null, authorizationToken: null }),
    () => Object.fromEntries(Object.keys(proper).map((name) => [name, wrongType()])),
    () => ({
      ...withAuthorization(proper, [`Bearer ${token(target.material)}`]),
      routeArn: anything(),
      methodArn: anything(),
    }),
    () => ({
      ...withAuthorization(proper, [`Bearer ${token(target.material)}`]),
      version: anything(),
      type: anything(),
    }),
  ])();
}

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/** Whether an event has become one that no HTTP API 2.0 sends: then it is answered as a REST API wants it. */
const isOfHttpApi = (event: unknown) =>
  typeof event === 'object' &&
  event !== null &&
  (event as Event)['version'] === '2.0' &&
  (event as Event)['type'] !== 'TOKEN';

async function complaintAbout(authorizer: Handlers['authorizer'], event: unknown, refusals: readonly unknown[]) {
  try {
    const answer = await authorizer(event);
    if (target.isReflection(JSON.stringify(answer))) return `reflected ${JSON.stringify(answer)}`;
    return refusals.some((refusal) => isSame(answer, refusal)) ? undefined : `answered ${JSON.stringify(answer)}`;
  } catch (error) {
    const isProper = error instanceof Error && error.message === 'Unauthorized' && Object.keys(error).length === 0;
    if (!isProper) return `threw ${error}`;
    return isOfHttpApi(event) ? 'threw at an HTTP API' : undefined;
  }
}

describe.each(shapes)('$name', ({ shape, variables, refusals }) => {
  const event: (token: string) => Event = authorizerEvents[shape];

  it(`refuses ${REQUESTS} hostile events (seed ${SEED})`, async () => {
    const { authorizer } = target.restart(variables);
    // The first request to a container also reads the schema of the table: see schema.test.ts.
    await authorizer(event(target.material.real[0]!));
    target.store.take();
    const make = (hostile: Hostile) => hostileEvent(hostile, event);
    const complaints = await bombard(REQUESTS, make, (hostile) => complaintAbout(authorizer, hostile, refusals));
    expect(complaints).toEqual([]);
    expect(target.leaks).toEqual([]);
    // Only an authentic token for another audience gets as far as the list.
    const operations = target.store.take().map(({ operation }) => operation);
    expect(operations.filter((operation) => operation !== 'Query')).toEqual([]);
    expect(operations.length).toBeLessThan(REQUESTS / 100);
  });

  it('allows a valid token in an otherwise strange event, for the stage only', async () => {
    const { authorizer } = target.restart(variables);
    const make = (hostile: Hostile) => decorate(hostile, event(hostile.random.pick(target.material.real)));
    const resource = shape.startsWith('HTTP') ? `${STAGE.http}/*` : `${STAGE.rest}/*`;
    const complaints = await bombard(scaled(30, 100), make, async (strange) => {
      const answer = await authorizer(strange);
      if (target.isReflection(JSON.stringify(answer))) return `reflected ${JSON.stringify(answer)}`;
      if ('isAuthorized' in answer) return answer.isAuthorized ? undefined : 'refused';
      const [{ Effect, Resource }] = answer.policyDocument.Statement;
      return Effect === 'Allow' && Resource === resource ? undefined : `${Effect} for ${Resource}`;
    });
    expect(complaints).toEqual([]);
    expect(target.leaks).toEqual([]);
  });
});
