// What endpoints, the authorizer and jobs have in common: when they are composed, and what they log.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type AuthorizerContext, createAuthorizer } from '../lib/authorizer/authorizer.ts';
import { type Endpoint, serve } from '../lib/http/serve.ts';
import { createJobHandler } from '../lib/jobs/job.ts';
import { createLog, type LogContext } from '../lib/log.ts';
import { authorizerEvents } from './support/world.ts';

let lines: Record<string, unknown>[];
const log = createLog('info', (line) => void lines.push(JSON.parse(line) as Record<string, unknown>));
beforeEach(() => {
  lines = [];
});

/** A text that no log line may hold. */
const SECRET = 'hush';
const fail = () => {
  throw new TypeError(SECRET);
};

type Invoke = (event: unknown, invocation?: unknown) => Promise<unknown>;

const work = (context: LogContext) => {
  context.log.info('working');
  fail();
};
const endpoint: Endpoint<LogContext> = { methods: ['GET'], handle: (_, context) => work(context) as never };

/** Each kind of function, from what composes its context; none gets further than its first step. */
const kinds: Record<string, (compose: () => LogContext) => Invoke> = {
  'an endpoint': (compose) => serve(endpoint, compose) as Invoke,
  'the authorizer': (compose) =>
    createAuthorizer(() => {
      const context = compose();
      return { ...context, clock: () => work(context) } as unknown as AuthorizerContext;
    }),
  'a job': (compose) =>
    createJobHandler({ failure: 'no work was done', run: async (context) => work(context) }, compose),
};

const event = (requestContext: object) => ({
  ...authorizerEvents['HTTP API 2.0']('token'),
  requestContext: { http: { method: 'GET' }, ...requestContext },
});

/** What becomes of a fault: never its own message. */
const outcomeOf = async (answer: Promise<unknown>) => {
  const outcome = await answer.catch((error: Error) => ({ thrown: error.message }));
  expect(JSON.stringify(outcome)).not.toContain(SECRET);
  return outcome;
};

const FAULTS: Record<string, unknown> = {
  'an endpoint': expect.objectContaining({ statusCode: 503, body: '{"error":"server_error"}' }),
  'the authorizer': { thrown: 'the authorizer cannot decide' },
  'a job': { thrown: 'no work was done' },
};

describe.each(Object.entries(kinds))('%s', (name, create) => {
  it('builds its context once, at the first event', async () => {
    let composed = 0;
    const handler = create(() => {
      composed++;
      return { log };
    });
    expect(composed).toBe(0);
    await outcomeOf(handler(event({})));
    await outcomeOf(handler(event({})));
    expect(composed).toBe(1);
  });

  it('builds its context again after a failure', async () => {
    let composed = 0;
    const handler = create(() => {
      composed++;
      if (composed === 1) fail();
      return { log };
    });
    expect(await outcomeOf(handler(event({})))).toEqual(FAULTS[name]);
    expect(lines).toEqual([]);
    await outcomeOf(handler(event({})));
    await outcomeOf(handler(event({})));
    expect(composed).toBe(2);
  });

  it('logs an error once, by name, and does not show its message to the caller', async () => {
    expect(await outcomeOf(create(() => ({ log }))(event({})))).toEqual(FAULTS[name]);
    const faults = lines.filter(({ event }) => event === 'fault');
    expect(faults).toEqual([{ level: 'error', event: 'fault', fault: 'TypeError', at: expect.any(String) }]);
  });

  const UUID = '0f8fad5b-d9cb-469f-a165-70867728950e';
  const known = { awsRequestId: UUID };
  it.each([
    [
      'an HTTP API',
      { requestId: 'JKJaXmPLvHcESHA=' },
      known,
      { api_request_id: 'JKJaXmPLvHcESHA=', lambda_request_id: UUID },
    ],
    [
      'a REST API, where the client can choose the other id',
      { requestId: 'chosen', extendedRequestId: 'JKJaXmPLvHcESHA=' },
      known,
      { api_request_id: 'JKJaXmPLvHcESHA=', lambda_request_id: UUID },
    ],
    ['no API', {}, known, { lambda_request_id: UUID }],
    ['nothing that is known', {}, undefined, {}],
    ['ids of another form', { requestId: `a "${SECRET}"` }, { awsRequestId: { toString: fail } }, {}],
    ['ids that are too long', { requestId: 'a'.repeat(65) }, { awsRequestId: '' }, {}],
  ])('logs the request id in each line, when the event comes from %s', async (_, requestContext, invocation, ids) => {
    await outcomeOf(create(() => ({ log }))(event(requestContext), invocation));
    const withIds = name === 'the authorizer' ? lines.filter(({ event }) => event === 'fault') : lines;
    expect(withIds.length).toBeGreaterThan(0);
    for (const { level, event, fault, at, ...rest } of withIds) expect(rest).toEqual(ids);
  });

  it('logs why its context cannot be built, with the request id', async () => {
    const print = vi.spyOn(console, 'log').mockReturnValue();
    await outcomeOf(create(fail)(event({ requestId: 'first' }), known));
    const printed = print.mock.calls.map(([line]) => JSON.parse(line) as unknown);
    print.mockRestore();
    expect(printed).toEqual([
      {
        level: 'error',
        event: 'fault',
        fault: 'TypeError',
        at: expect.any(String),
        api_request_id: 'first',
        lambda_request_id: UUID,
      },
    ]);
  });
});

it('the authorizer logs the request id with a refusal', async () => {
  const authorizer = createAuthorizer(() => ({ log, responseFormat: 'simple', extensions: {} }) as AuthorizerContext);
  expect(await authorizer({ ...event({ requestId: 'first' }), headers: {} }, { awsRequestId: 'second' })).toEqual({
    isAuthorized: false,
  });
  expect(lines).toEqual([
    {
      level: 'info',
      event: 'refused',
      reason: 'is missing or not sent as one bearer token',
      api_request_id: 'first',
      lambda_request_id: 'second',
    },
  ]);
});
