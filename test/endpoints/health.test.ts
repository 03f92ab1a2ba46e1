import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FaultyStore, faults, startFaultyStore } from '../support/faulty-store.ts';
import { passTime } from '../support/pass-time.ts';
import { createTestClock, httpEvent, readResult, startWorld, type World } from '../support/world.ts';

const { clock, advance } = createTestClock();
const READY = { status: 200, json: { status: 'ready' } };
const notReady = (reason: string) => ({
  status: 503,
  headers: { 'retry-after': '5', 'cache-control': 'no-store' },
  json: { status: 'not_ready', reason },
});

let world: World;
let store: FaultyStore;
let logged: string[] = [];

beforeAll(async () => {
  world = await startWorld({}, clock);
  store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
});
beforeEach(() => {
  logged = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void logged.push(line));
});
afterEach(() => {
  vi.restoreAllMocks();
  store.behave();
});
afterAll(async () => {
  await store.stop();
  await world.stop();
});

const open = (variables: Record<string, string> = {}) => {
  const { health } = world.restart({ LOG_LEVEL: 'error', AWS_ENDPOINT_URL_DYNAMODB: store.endpoint, ...variables });
  return async (method = 'GET') => readResult(await health(httpEvent({ method, path: '/health' })));
};

describe('The health endpoint', () => {
  it('says that the service is ready, and asks the table once in five seconds', async () => {
    const ask = open();
    store.take();
    for (let time = 0; time < 3; time++) expect(await ask()).toMatchObject(READY);
    advance(4);
    expect(await ask()).toMatchObject(READY);
    expect(store.take().length).toBe(1);
    advance(1);
    await Promise.all([ask(), ask(), ask()]);
    expect(store.take().length).toBe(1);
  });

  it.each([
    ['configuration', 'without a table', { TABLE_NAME: '' }],
    ['configuration', 'with a wrong issuer', { ISSUER: 'http://secret-of-mine.example' }],
    ['configuration', 'with keys that are none', { VERIFICATION_KEYS: 'secret-of-mine' }],
    ['table', 'for a table that does not exist', { TABLE_NAME: 'secret-of-mine' }],
  ])('names %s %s, with details only in the log', async (reason, _name, variables) => {
    const { result } = await passTime(open(variables));
    expect(result).toMatchObject(notReady(reason));
    expect(Object.keys(result.json)).toEqual(['status', 'reason']);
    expect(logged.some((line) => line.includes('"not ready"') && line.includes(`"reason":"${reason}"`))).toBe(true);
  });

  it('is not ready while the table fails, and ready some seconds after that', async () => {
    const ask = open();
    store.behave(faults['connection reset']);
    expect((await passTime(ask)).result).toMatchObject(notReady('table'));
    store.behave();
    expect(await ask()).toMatchObject(notReady('table'));
    advance(5);
    expect(await ask()).toMatchObject(READY);
  });

  it('names keys when the registry has none', async () => {
    const { result } = await passTime(open({ KEY_REGISTRY: 'on', VERIFICATION_KEYS: '' }));
    expect(result).toMatchObject(notReady('keys'));
  });

  it('answers GET and HEAD only', async () => {
    expect((await open()('POST')).status).toBe(405);
  });
});
