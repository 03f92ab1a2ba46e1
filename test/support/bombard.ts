import { vi } from 'vitest';
import { type ProxyEvent, type ProxyResult, parseProxyEvent } from '../../lib/http/proxy-event.ts';
import { type FaultyStore, startFaultyStore } from './faulty-store.ts';
import { signingKeyOf } from './forge.ts';
import { createHostile, createReflectionCheck, type Hostile, type Material } from './hostile.ts';
import { createRandom } from './random.ts';
import { scaled } from './scale.ts';
import { createHandlers, getToken, type Handlers, startWorld, type Variables, type World } from './world.ts';

/** A deployment whose log and store are watched while hostile requests are sent to it. */
export interface WatchedDeployment {
  readonly world: World;
  readonly store: FaultyStore;
  readonly handlers: Handlers;
  /** What forgeries are made from: live tokens, the signing key, the time. */
  readonly material: Material;
  isReflection(text: string): boolean;
  /** Log lines that contained part of a request. */
  readonly leaks: string[];
  /** Handlers of the same deployment with other variables. They are watched as well. */
  restart(variables: Variables): Handlers;
  stop(): Promise<void>;
}

export async function startWatchedDeployment(): Promise<WatchedDeployment> {
  const world = await startWorld();
  const store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
  const real = await Promise.all(
    ['machine-jwt', 'machine-reference', 'machine-jwt'].map((id) => getToken(world.handlers, id)),
  );
  const isReflection = createReflectionCheck(real);
  const leaks: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => {
    if (isReflection(line)) leaks.push(line.slice(0, 1000));
  });
  const env = {
    ...world.env,
    AWS_ENDPOINT_URL_DYNAMODB: store.endpoint,
    CLIENT_CACHE_SECONDS: '3600',
    LOG_LEVEL: 'debug',
  };
  const restart = (variables: Variables) => createHandlers({ ...env, ...variables });
  return {
    world,
    store,
    handlers: restart({}),
    material: { key: signingKeyOf(world.env), now: Math.floor(Date.now() / 1000), real, ofAnyAudience: false },
    isReflection,
    leaks,
    restart,
    async stop() {
      vi.restoreAllMocks();
      await store.stop();
      await world.stop();
    },
  };
}

export const SEED = 20_260_607;
/** Requests to each of 14 endpoints and authorizer shapes: some 4,000 in all in the normal run, 10,000 to each in the long run. */
export const REQUESTS = scaled(300, 10_000);

/**
 * Sends hostile input, each made from the seed and its number.
 * @param shoot sends one and says what was wrong with the answer, if anything
 * @returns the first few complaints, with what is needed to reproduce them
 */
export async function bombard<Thing>(
  count: number,
  make: (hostile: Hostile, index: number) => Thing,
  shoot: (thing: Thing) => Promise<string | undefined>,
): Promise<string[]> {
  const complaints: string[] = [];
  for (let index = 0; index < count && complaints.length < 3; index++) {
    const thing = make(createHostile(createRandom(SEED + index)), index);
    const complaint = await shoot(thing);
    if (complaint !== undefined) {
      complaints.push(`seed ${SEED}, number ${index}: ${complaint}, for ${JSON.stringify(thing)?.slice(0, 1000)}`);
    }
  }
  return complaints;
}

const CODES = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
]);

const STATUSES = new Set([200, 304, 400, 401, 404, 405]);

/** Sends an event to an endpoint, and checks what must hold for every answer. */
export async function sendAndCheck(
  handler: (event: ProxyEvent) => Promise<ProxyResult>,
  event: unknown,
  isReflection: (text: string) => boolean,
): Promise<{ complaint?: string; result: ProxyResult; isHead: boolean }> {
  const result = await handler(event as ProxyEvent);
  const { statusCode, headers, body, isBase64Encoded } = result;
  const isHead = parseProxyEvent(event).method === 'HEAD';
  const complain = (problem: string) => ({ complaint: `${problem}: ${statusCode} ${body}`, result, isHead });
  if (!STATUSES.has(statusCode)) return complain('status');
  if (typeof body !== 'string' || isBase64Encoded !== false) return complain('no body');
  if (isHead && body !== '') return complain('a body for HEAD');
  if (isReflection(body)) return complain('reflected in the body');
  for (const [name, value] of Object.entries(headers)) {
    if (isReflection(name + value)) return complain(`reflected in header ${name}`);
    if (!/^[a-z-]+$/.test(name) || !/^[\x20-\x7e]*$/.test(value)) return complain(`header ${name}`);
  }
  if (statusCode >= 400 && !isProperError(result, isHead)) return complain('not a proper error');
  return { result, isHead };
}

function isProperError({ statusCode, headers, body }: ProxyResult, isHead: boolean): boolean {
  return (
    (isHead || isErrorObject(body)) &&
    headers['content-type'] === 'application/json' &&
    headers['cache-control'] === 'no-store' &&
    (statusCode !== 405 || 'allow' in headers) &&
    (statusCode !== 401 || 'www-authenticate' in headers)
  );
}

/** RFC 6749 section 5.2 */
function isErrorObject(body: string): boolean {
  const { error, error_description, ...others } = JSON.parse(body) as Record<string, unknown>;
  return (
    CODES.has(String(error)) &&
    /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/.test(String(error_description)) &&
    Object.keys(others).length === 0
  );
}
