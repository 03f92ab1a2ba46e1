import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import type { ProxyEvent } from '../../lib/http/proxy-event.ts';
import type { RecordStore } from '../../lib/store/record.ts';
import { newCode } from '../support/grants.ts';
import { basic, httpEvent } from '../support/world.ts';
import { APPS, createDeployment, createEvents, HEADERS, ORDERS } from './deployment.ts';
import type { Figure } from './figure.ts';
import { answer, parseAndCheckSecret } from './floor.ts';
import { against, type Effort, interleave, mostRatio } from './measure.ts';
import { createMemoryTable } from './memory-table.ts';

type Deployment = ReturnType<typeof createDeployment>;

/** What is timed: its name, and the form of a request with this code. */
export interface Subject {
  readonly name: string;
  form(code: string, deployment: Deployment, id: string): Promise<Record<string, string>>;
}

const records = <Value>(found: Value) => ({ find: async () => found }) as unknown as RecordStore<Value>;

/**
 * The whole handler, event in, result out, for a client that is cached. The same request can be made again and again,
 * because on the table of this process every condition holds and no epoch has come.
 */
export async function measureGrants({ name, form }: Subject, effort: Effort): Promise<Figure[]> {
  const table = createMemoryTable();
  // Access tokens that are issued while it is timed are put nowhere.
  const put: typeof table.put = async (item) => item.sk === 'TOKEN' || table.put(item);
  const deployment = createDeployment('ES256', { ...table, put });
  const clock = () => Math.floor(Date.now() / 1000);
  const eventsFor = async (id: string, scope: string) => {
    const client = APPS.find(({ client_id }) => client_id === id);
    const world = { ...deployment, clients: records(client), resourceServers: records(ORDERS) };
    const { code } = await newCode(world as never, id, { clock, scope });
    const request = { path: '/token', headers: { ...HEADERS, authorization: basic(id) } };
    return createEvents([httpEvent({ ...request, form: await form(code, deployment, id) }) as ProxyEvent]);
  };
  const withoutIdToken = 'offline_access read write';
  const jwt = await eventsFor('web-jwt', withoutIdToken);
  const withIdToken = await eventsFor('web-jwt', `openid ${withoutIdToken}`);
  const reference = await eventsFor('web-reference', withoutIdToken);

  const call = (events: typeof jwt) => ({
    async prepare(count: number) {
      events.prepare(count);
      const { statusCode, body } = await deployment.token(events.at(0));
      if (statusCode !== 200) throw new Error(`answered ${statusCode} ${body}`);
    },
    call: (index: number) => deployment.token(events.at(index)),
  });
  const least = (events: typeof jwt, signatures: number) => {
    const issue = floor(deployment.env, signatures);
    return { prepare: events.prepare, call: async (index: number) => issue(events.at(index)) };
  };
  const rounds = await interleave(
    {
      'parse + secret + sign + JSON': least(jwt, 1),
      [`${name}, JWT ES256`]: call(jwt),
      'parse + secret + 2 x sign + JSON': least(withIdToken, 2),
      [`${name}, JWT and ID token ES256`]: call(withIdToken),
      'parse + secret + JSON': least(reference, 0),
      [`${name}, reference`]: call(reference),
    },
    effort,
  );
  return [
    against(rounds, `${name}, JWT ES256`, 'parse + secret + sign + JSON'),
    against(rounds, `${name}, JWT and ID token ES256`, 'parse + secret + 2 x sign + JSON', mostRatio(1.6)),
    against(rounds, `${name}, reference`, 'parse + secret + JSON'),
  ];
}

function floor(env: Record<string, string>, signatures: number) {
  const [jwk] = (JSON.parse(env['SIGNING_KEYS']!) as { keys: [Record<string, string>] }).keys;
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  const encode = (json: unknown) => Buffer.from(JSON.stringify(json)).toString('base64url');
  const header = encode({ alg: 'ES256', typ: 'at+jwt', kid: 'key' });
  return (event: ProxyEvent) => {
    const { id } = parseAndCheckSecret(event);
    const tokens = Array.from({ length: signatures }, () => {
      const input = `${header}.${encode({ iss: env['ISSUER'], sub: 'alice', aud: 'orders', client_id: id, jti: randomUUID() })}`;
      return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
    });
    return answer({ access_token: tokens[0] ?? randomUUID(), id_token: tokens[1], refresh_token: randomUUID() });
  };
}
