import { afterEach, describe, expect, it, test } from 'vitest';
import { functionLog, withoutRepeats } from '../../infra/local/function-log.ts';
import { startLambda } from '../../infra/local/lambda.ts';
import { lambdaOf, manualTimers } from './gateway-fixtures.ts';

let lambda: ReturnType<typeof lambdaOf> | undefined;
afterEach(() => lambda?.stop());

/** One function, and what it answers to an event. */
async function call(source: string, event: unknown = {}, options: Parameters<typeof lambdaOf>[1] = {}) {
  lambda = lambdaOf({ f: source }, options);
  return lambda.invoke('f', event, 'request-1');
}

describe('A handler can answer', () => {
  test.each<[string, string, unknown]>([
    ['by returning a promise', 'exports.handler = async (event) => ({ got: event.a })', { got: 1 }],
    ['by its callback', 'exports.handler = (event, context, done) => { done(null, event.a) }', 1],
    [
      'through JSON',
      'exports.handler = async () => ({ a: undefined, b: new Date(0), c: [undefined] })',
      { b: '1970-01-01T00:00:00.000Z', c: [null] },
    ],
    ['with nothing', 'exports.handler = async () => {}', null],
  ])('%s', async (_, source, payload) => {
    expect(await call(source, { a: 1, gone: undefined })).toEqual({ payload });
  });
});

describe('A handler can fail', () => {
  test.each<[string, string, object]>([
    [
      'by throwing',
      'exports.handler = async () => { throw new TypeError("no") }',
      { errorType: 'TypeError', errorMessage: 'no' },
    ],
    [
      'by throwing at once',
      'exports.handler = () => { throw new Error("Unauthorized") }',
      { errorType: 'Error', errorMessage: 'Unauthorized' },
    ],
    [
      'by its callback',
      'exports.handler = (event, context, done) => done(new Error("no"))',
      { errorType: 'Error', errorMessage: 'no' },
    ],
    ['by throwing text', 'exports.handler = async () => { throw "no" }', { errorType: 'string', errorMessage: 'no' }],
    [
      'by exiting',
      'exports.handler = async () => process.exit(3)',
      { errorType: 'Runtime.ExitError', errorMessage: 'the runtime exited with status 3' },
    ],
    [
      'by an error nobody catches',
      'exports.handler = () => new Promise(() => setImmediate(() => { throw new Error("lost") }))',
      { errorType: 'Error', errorMessage: 'lost' },
    ],
    ['by an answer that is no JSON', 'exports.handler = async () => 1n', { errorType: 'TypeError' }],
    [
      'while it is loaded',
      'throw new RangeError("bad variable")',
      { errorType: 'RangeError', errorMessage: 'bad variable' },
    ],
    ['by not being there', 'exports.other = 1', { errorType: 'Runtime.HandlerNotFound' }],
  ])('%s, and the next event gets a working container', async (_, source, error) => {
    expect(await call(source)).toMatchObject({ error });
    expect(await lambda?.invoke('f', {}, 'request-2')).toMatchObject({ error });
  });

  it('by exceeding its timeout, after which its container is stopped', async () => {
    const timers = manualTimers();
    const source = 'let n = 0; exports.handler = (event) => event.hang ? new Promise(() => {}) : Promise.resolve(++n)';
    lambda = lambdaOf({ f: source }, { timers, functions: { f: { timeout: 7 } } });
    expect(await lambda.invoke('f', {}, '1')).toEqual({ payload: 1 });
    const hanging = lambda.invoke('f', { hang: true }, '2');
    await timers.waitedFor(7000);
    timers.advance(7000);
    expect(await hanging).toEqual({
      error: { errorType: 'Sandbox.Timedout', errorMessage: 'Task timed out after 7.00 seconds' },
    });
    expect(await lambda.invoke('f', {}, '3')).toEqual({ payload: 1 });
  });
});

describe('A container', () => {
  it('has the variables of its function and none of this process', async () => {
    const options = {
      functions: { f: { environment: { A: 'b' } } },
      environment: { AWS_ENDPOINT_URL_DYNAMODB: 'http://x' },
    };
    const outcome = await call('exports.handler = async () => process.env', {}, options);
    const { payload } = outcome as { payload: Record<string, string> };
    expect(payload).toMatchObject({
      A: 'b',
      AWS_ENDPOINT_URL_DYNAMODB: 'http://x',
      AWS_LAMBDA_FUNCTION_NAME: 'test-f',
      AWS_REGION: 'us-east-1',
    });
    expect(Object.keys(payload).filter((name) => !/^(AWS_|LAMBDA_|_HANDLER|A$)/.test(name))).toEqual([]);
  });

  it('passes the function name and the remaining time to the handler', async () => {
    const source =
      'exports.handler = async (event, context) => ({ ...context, left: context.getRemainingTimeInMillis() })';
    const { payload } = (await call(source)) as { payload: Record<string, unknown> };
    expect(payload).toMatchObject({
      awsRequestId: 'request-1',
      functionName: 'test-f',
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:123456789012:function:test-f',
      memoryLimitInMB: '256',
    });
    expect(payload['left']).toBeGreaterThan(0);
    expect(payload['left']).toBeLessThanOrEqual(10_000);
  });

  // The first event to arrive is answered when as many wait inside their handlers as there are containers.
  const counting = `
    const { threadId } = require('node:worker_threads');
    let events = 0;
    exports.handler = async () => ({ threadId, events: ++events });`;

  it('is used again for the next event', async () => {
    const first = await call(counting);
    const second = await lambda?.invoke('f', {}, '2');
    expect(second).toEqual({ payload: { ...(first as { payload: object }).payload, events: 2 } });
  });

  it('handles one event at a time; concurrent events start further containers', async () => {
    lambda = lambdaOf({ f: counting });
    const answers = await Promise.all(['1', '2', '3'].map((id) => lambda?.invoke('f', {}, id)));
    const threads = answers.map((answer) => (answer as { payload: { threadId: number } }).payload.threadId);
    expect(new Set(threads).size).toBe(3);
  });

  it('is waited for, up to a limit, when the maximum number is running', async () => {
    const timers = manualTimers();
    const source = 'exports.handler = (event) => event.hang ? new Promise(() => {}) : Promise.resolve("done")';
    lambda = lambdaOf({ f: source }, { timers, concurrency: 1, patience: 3000, functions: { f: { timeout: 5 } } });
    const hanging = lambda.invoke('f', { hang: true }, '1');
    const impatient = lambda.invoke('f', {}, '2');
    await timers.waitedFor(5000);
    timers.advance(3000);
    expect(await impatient).toMatchObject({ error: { errorType: 'TooManyRequestsException' } });
    const patient = lambda.invoke('f', {}, '3');
    timers.advance(2000);
    expect(await hanging).toMatchObject({ error: { errorType: 'Sandbox.Timedout' } });
    expect(await patient).toEqual({ payload: 'done' });
  });

  it('can be started ahead of the first event', async () => {
    lambda = lambdaOf({ f: counting });
    await lambda.warm('f');
    await lambda.warm('f');
    expect(await lambda.invoke('f', {}, '1')).toMatchObject({ payload: { events: 1 } });
  });

  it('is replaced when there is new code', async () => {
    lambda = lambdaOf({ f: counting });
    await lambda.invoke('f', {}, '1');
    lambda.replace();
    expect(await lambda.invoke('f', {}, '2')).toMatchObject({ payload: { events: 1 } });
    lambda.replace({ ...lambda.stack, functions: new Map() });
    expect(await lambda.invoke('f', {}, '3')).toMatchObject({ error: { errorType: 'ResourceNotFoundException' } });
  });

  it('answers its last event when it is stopped', async () => {
    lambda = lambdaOf({ f: 'exports.handler = () => new Promise(() => {})' });
    await lambda.warm('f');
    const hanging = lambda.invoke('f', {}, '1');
    await lambda.stop();
    expect(await hanging).toMatchObject({ error: { errorType: 'Runtime.ExitError' } });
    lambda = undefined;
  });
});

it('startLambda names a function without a bundle', () => {
  const made = lambdaOf({ f: '' });
  lambda = made;
  expect(() => startLambda(made.stack, { root: '/nowhere' })).toThrow(
    'f.Handler: there is no file /nowhere/dist/f/index.cjs; run npm run build',
  );
});

describe('The output of functions', () => {
  const lines = ['{"level":"info","event":"a"}', '{"level":"error","event":"b"}', 'plain', ''].join('\n');
  test.each<[boolean, string[]]>([
    [false, ['f: {"level":"error","event":"b"}', 'f: plain']],
    [true, ['f: {"level":"info","event":"a"}', 'f: {"level":"error","event":"b"}', 'f: plain']],
  ])('verbose: %s', (verbose, expected) => {
    const shown: string[] = [];
    const log = functionLog(verbose, (line) => shown.push(line));
    // In pieces, as a stream may cut it anywhere.
    for (const part of [lines.slice(0, 20), lines.slice(20, 45), lines.slice(45)]) log('f', part);
    expect(shown).toEqual(expected);
  });

  it('shows the same line of a scheduled function, whatever the ids in it, once a minute', () => {
    const shown: string[] = [];
    let now = 0;
    const write = withoutRepeats(
      (line) => shown.push(line),
      () => now,
    );
    const line = (fault: string, id: number) =>
      `job: {"event":"fault","fault":"${fault}","lambda_request_id":"a-${id}"}`;
    for (let id = 0; id < 60; id++) {
      write(line('Unavailable', id));
      if (id % 2 === 0) write(line('ConfigError', id));
      now += 1000;
    }
    expect(shown).toEqual([line('Unavailable', 0), line('ConfigError', 0)]);
    write(line('Unavailable', 60));
    expect(shown[2]).toBe(line('Unavailable', 60));
  });

  it('includes stdout and stderr', async () => {
    const shown: string[] = [];
    await call(
      'exports.handler = async () => { console.log("out"); console.error("err") }',
      {},
      { log: (_, text) => shown.push(text) },
    );
    await expect.poll(() => shown.join('').split('\n').sort()).toEqual(['', 'err', 'out']);
  });
});
