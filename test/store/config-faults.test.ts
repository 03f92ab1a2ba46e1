// A variable is missing or invalid: every function that reads it answers 503 or, in the authorizer, throws; and the log names
// the variable but shows nothing of its value.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { isLongRun, sampled } from '../support/scale.ts';
import {
  authorizerEvents,
  createHandlers,
  type Handlers,
  httpEvent,
  startWorld,
  type Variables,
  verdict,
  type World,
} from '../support/world.ts';

const ring = (byte: number) => Buffer.alloc(32, byte).toString('base64url');
const rings = {
  REFERENCE_TOKEN_KEYS: ring(11),
  CODE_KEYS: ring(12),
  REFRESH_TOKEN_KEYS: ring(13),
  SESSION_KEYS: ring(14),
  PAGE_KEYS: ring(15),
};

let world: World;
let logged: string[] = [];

beforeAll(async () => {
  world = await startWorld({ HANDLE_KEYS: '', ...rings });
});
beforeEach(() => {
  logged = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void logged.push(line));
});
afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(() => world.stop());

type FunctionName = keyof Handlers;

const VERIFYING: FunctionName[] = ['introspection', 'revocation', 'userinfo', 'authorizer'];
const ISSUING: FunctionName[] = ['token', 'authorization'];
const WITH_PAGES: FunctionName[] = ['authorization', 'logout'];
const WITH_TABLE: FunctionName[] = [...ISSUING, 'logout', ...VERIFYING];
const WITH_CLIENTS: FunctionName[] = WITH_TABLE.filter((name) => name !== 'authorizer');
const ALL: FunctionName[] = [...WITH_TABLE, 'discovery', 'jwks', 'whoami'];

/** Part of every invalid value. It must appear nowhere. */
const MARK = 'zq7Xsecretx7Zq';

const jwk = (more: object) => JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', x: MARK, y: MARK, ...more }] });
const pem = `-----BEGIN PRIVATE KEY-----\n${MARK}\n-----END PRIVATE KEY-----`;
const wrongKeys = [
  MARK,
  `{"keys":[${MARK}`,
  jwk({}),
  jwk({ d: MARK }),
  jwk({ kty: 'oct', k: MARK }),
  pem,
  `{"${MARK}":1}`,
  '[]',
  '{"keys":[]}',
];
const wrongSecrets = [
  MARK,
  `${'A'.repeat(43)},${MARK}`,
  `${'A'.repeat(42)}B`,
  `${'A'.repeat(43)}=`,
  `${'A'.repeat(43)},`,
  ',',
  'A'.repeat(44),
];
let turn = 0;
/** In the normal run some for each variable, as all numbers are parsed alike. */
const wrongNumbers = () => sampled([MARK, '-1', '1.5', '1e3', ' 1', '0x10', '99999999999', 'NaN'], 4, turn++);

/** The functions that read it, whether it is required, and values that are invalid. */
const variables: Record<string, { readers: FunctionName[]; required: boolean; wrong: string[] }> = {
  ISSUER: {
    readers: [...WITH_TABLE, 'discovery'],
    required: true,
    wrong: [
      MARK,
      `http://${MARK}.example`,
      `https://${MARK}.example/`,
      `https://${MARK}.example?x`,
      `https://${MARK}.example#x`,
      `https://${MARK}@host.example`,
      `HTTPS://${MARK}.example`,
      `https://${MARK}.EXAMPLE`,
      `javascript:${MARK}`,
      ` https://${MARK}.example`,
    ],
  },
  TABLE_NAME: { readers: WITH_TABLE, required: true, wrong: [] },
  SIGNING_KEYS: { readers: ISSUING, required: true, wrong: wrongKeys },
  VERIFICATION_KEYS: { readers: [...VERIFYING, ...WITH_PAGES, 'discovery', 'jwks'], required: true, wrong: wrongKeys },
  REFERENCE_TOKEN_KEYS: { readers: [...ISSUING, ...VERIFYING], required: true, wrong: wrongSecrets },
  CODE_KEYS: { readers: ISSUING, required: true, wrong: [MARK] },
  REFRESH_TOKEN_KEYS: { readers: ['token', 'introspection', 'revocation'], required: true, wrong: [MARK] },
  SESSION_KEYS: { readers: WITH_PAGES, required: true, wrong: [MARK] },
  PAGE_KEYS: { readers: WITH_PAGES, required: true, wrong: [MARK] },
  HANDLE_KEYS: { readers: WITH_TABLE, required: false, wrong: wrongSecrets },
  AUDIENCE: { readers: ['authorizer'], required: true, wrong: [] },
  GROUPS_CLAIM: { readers: ['authorizer'], required: false, wrong: [] },
  ROLES_CLAIM: { readers: ['authorizer'], required: false, wrong: [] },
  AUTHORIZER_RESPONSE: { readers: ['authorizer'], required: false, wrong: [MARK, 'Simple', 'iam'] },
  REVOCATION_MAX_AGE_SECONDS: {
    readers: ['authorizer'],
    required: false,
    wrong: [
      ...wrongNumbers(),
      `jwt=${MARK}`,
      `${MARK}=5`,
      'jwt=5=6',
      'jwt',
      'jwt=',
      '=5',
      'jwt=5,',
      'jwt=5;reference=0',
    ],
  },
  CLOCK_SKEW_SECONDS: { readers: VERIFYING, required: false, wrong: [...wrongNumbers(), '301'] },
  ACCESS_TOKEN_LIFETIME_SECONDS: { readers: ISSUING, required: false, wrong: [...wrongNumbers(), '0'] },
  ID_TOKEN_LIFETIME_SECONDS: { readers: ISSUING, required: false, wrong: [...wrongNumbers(), '0'] },
  REFRESH_TOKEN_LIFETIME_SECONDS: { readers: ISSUING, required: false, wrong: [...wrongNumbers(), '0'] },
  REFRESH_TOKEN_IDLE_LIFETIME_SECONDS: { readers: ISSUING, required: false, wrong: [...wrongNumbers(), '0'] },
  REFRESH_REUSE_INTERVAL_SECONDS: { readers: ['token'], required: false, wrong: [...wrongNumbers(), '301'] },
  CODE_LIFETIME_SECONDS: { readers: ['authorization'], required: false, wrong: [...wrongNumbers(), '0', '601'] },
  SESSION_LIFETIME_SECONDS: { readers: ['authorization'], required: false, wrong: [...wrongNumbers(), '59'] },
  KEEP_SIGNED_IN_SECONDS: { readers: ['authorization'], required: false, wrong: wrongNumbers() },
  SERVICE_LOGO_URI: { readers: WITH_PAGES, required: false, wrong: [MARK, `http://${MARK}.example/logo.svg`] },
  ACCESS_TOKEN_MAX_LIFETIME_SECONDS: { readers: WITH_TABLE, required: false, wrong: [...wrongNumbers(), '0'] },
  CLIENT_CACHE_SECONDS: { readers: WITH_CLIENTS, required: false, wrong: wrongNumbers() },
  LOG_LEVEL: { readers: ALL, required: false, wrong: [MARK, 'trace', 'DEBUG', '0'] },
};

const cases = Object.entries(variables).flatMap(([name, { readers, required, wrong }]) =>
  [...(required ? [undefined, ''] : []), ...wrong].map((value): [string, string | undefined, FunctionName[]] => [
    name,
    value,
    readers,
  ]),
);

/** Whether a function gets as far as looking at a request. */
async function ask(handlers: Handlers, name: FunctionName): Promise<'works' | 'fault' | `wrong: ${string}`> {
  if (name === 'authorizer') {
    const verdicts = await Promise.all(
      Object.values(authorizerEvents).map((event) => verdict(handlers.authorizer(event('hello')))),
    );
    if (new Set(verdicts).size > 1) return `wrong: ${verdicts}`;
    return verdicts[0] === 'fault' ? 'fault' : 'works';
  }
  const method = WITH_CLIENTS.includes(name) ? 'POST' : 'GET';
  const { statusCode, headers, body } = await handlers[name](httpEvent({ method }));
  if (statusCode < 500) return 'works';
  const isFault = statusCode === 503 && body === '{"error":"server_error"}' && headers['retry-after'] === '1';
  return isFault ? 'fault' : `wrong: ${statusCode} ${body}`;
}

const outcomes = async (env: Variables, names = ALL) => {
  const handlers = createHandlers(env);
  const asked = await Promise.all(names.map(async (name) => [name, await ask(handlers, name)] as const));
  return Object.fromEntries(asked);
};

const expected = (readers: readonly FunctionName[], names = ALL) =>
  Object.fromEntries(names.map((name) => [name, readers.includes(name) ? 'fault' : 'works']));

/** In the normal run, all functions meet the first wrong value of a variable, and those that read it the others. */
const asked = (name: string, value: string | undefined, readers: FunctionName[]) =>
  isLongRun || value === (variables[name]?.required ? undefined : variables[name]?.wrong[0]) ? ALL : readers;

describe('A missing or invalid variable stops exactly the functions that read it:', () => {
  it.each(cases)('%s = %j', async (name, value, readers) => {
    const { [name]: _, ...others } = world.env;
    const names = asked(name, value, readers);
    const env = value === undefined ? others : { ...others, [name]: value };
    expect(await outcomes(env, names)).toEqual(expected(readers, names));

    const faults = logged.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(faults.length).toBeGreaterThanOrEqual(readers.length);
    for (const fault of faults) {
      expect(fault).toMatchObject({ level: 'error', event: 'fault', fault: 'ConfigError' });
      expect(fault['message']).toMatch(new RegExp(`^${name} `));
    }
    expect(logged.join()).not.toContain(MARK);
  });

  it('ISSUER is reported at each request, until it is corrected', async () => {
    const env: Variables = { ...world.env, ISSUER: '' };
    const handlers = createHandlers(env);
    expect(await ask(handlers, 'token')).toBe('fault');
    expect(await ask(handlers, 'authorizer')).toBe('fault');
    env['ISSUER'] = 'https://issuer.example';
    expect(await ask(handlers, 'token')).toBe('works');
    expect(await ask(handlers, 'authorizer')).toBe('works');
  });
});

it('With all variables valid, all functions work and log nothing', async () => {
  expect(await outcomes(world.env)).toEqual(expected([]));
  expect(logged).toEqual([]);
});

it('Without any variables, every function but whoami fails', async () => {
  expect(await outcomes({})).toEqual(expected(ALL.filter((name) => name !== 'whoami')));
});
