// A quiet client beside a noisy one: what the noisy one does without limit, and every kind of request of the quiet one, with what it
// asks of the table.
import { createHook } from 'node:async_hooks';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sendToTable } from '../../infra/local/table.ts';
import type { Clock } from '../../lib/clock.ts';
import type { ProxyEvent, ProxyResult } from '../../lib/http/proxy-event.ts';
import type { Client } from '../../lib/oauth/client.ts';
import { importSecret } from '../../lib/secrets/secret.ts';
import { callOf, startFaultyStore } from './faulty-store.ts';
import { ALICE, app, createDeliverer, createSignIn } from './sign-in.ts';
import {
  authorizerEvents,
  basic,
  type Handlers,
  httpEvent,
  post,
  readResult,
  STORED_SECRET,
  startWorld,
  verdict,
} from './world.ts';

// The receivers of logout tokens are on loopback, so the issuer has to be there too.
const ISSUER = 'http://localhost:3000';
const RIGHT = 'correct horse battery staple';
const [STRANGER, OWN_ADDRESS] = ['198.51.100.1', '203.0.113.1'];

/** What hurt others before, and how much of it. */
export const loads = { revocations: 300, deliveries: 900, guesses: 60, grants: 300 } as const;

export type LoadName = keyof typeof loads;

/** One request of the quiet client. */
export interface Answer {
  readonly name: string;
  readonly answer: string;
  /** Requests to the table by operation and kind of item. */
  readonly calls: readonly string[];
  /** Read units, by the account of the table. */
  readonly units: number;
  readonly milliseconds: number;
}

/** The server of a client, as it treats logout tokens. */
export async function startReceiver(treatment: 'accepts' | 'is silent') {
  let count = 0;
  let [behaviour, notice]: [typeof treatment | 'hangs up', () => void] = [treatment, () => {}];
  const server = createServer((request, response) => {
    count++;
    notice();
    request.resume();
    if (behaviour === 'accepts') response.end();
    if (behaviour === 'hangs up') response.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    received: () => count,
    onRequest(listener: () => void) {
      notice = listener;
    },
    behave(next: typeof behaviour) {
      behaviour = next;
      if (next === 'hangs up') server.closeAllConnections();
    },
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Counts the slow hashes of this thread, as long as it is enabled. */
export function countHashes() {
  let count = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === 'SCRYPTREQUEST') count++;
    },
  }).enable();
  return { count: () => count, stop: () => hook.disable() };
}

/** Passes requests on to the table, and counts them and what they read. */
async function startMeter(upstream: string) {
  let units = 0;
  const store = await startFaultyStore(upstream);
  store.behave(async (response, _forward, { operation, input, headers }) => {
    const body = Buffer.from(JSON.stringify({ ...input, ReturnConsumedCapacity: 'TOTAL' }));
    const { 'content-length': _, ...others } = headers;
    const answer = await sendToTable(upstream, others, body);
    const { ConsumedCapacity } = JSON.parse(answer.body.toString()) as { ConsumedCapacity?: { CapacityUnits: number } };
    if (operation === 'GetItem' || operation === 'Query') units += ConsumedCapacity?.CapacityUnits ?? Number.NaN;
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  return {
    ...store,
    takeAll() {
      const taken = { calls: store.take().map(callOf).toSorted(), units };
      units = 0;
      return taken;
    },
  };
}

export type Neighbours = Awaited<ReturnType<typeof startNeighbours>>;

/** @param isMetered whether the requests of the quiet client are counted, which takes time */
export async function startNeighbours(clock: Clock, isMetered = true) {
  const world = await startWorld({ ISSUER }, clock);
  const meter = await startMeter(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
  const variables = isMetered ? { AWS_ENDPOINT_URL_DYNAMODB: meter.endpoint } : {};
  const people = createSignIn(world, clock);
  const [receiver, dead] = [await startReceiver('accepts'), await startReceiver('is silent')];
  const quiet = app('quiet', {
    grant_types: ['client_credentials', 'authorization_code', 'refresh_token'],
    scope: 'openid offline_access read',
    resources: ['orders'],
    secrets: [STORED_SECRET, await importSecret(RIGHT, clock())],
    end_grants_on_logout: true,
    backchannel_logout_uri: receiver.uri,
  });
  const { backchannel_logout_uri: _, ...others } = quiet;
  const noisy = { ...others, client_id: 'noisy', secrets: [STORED_SECRET] };
  const silent = app('silent', { backchannel_logout_uri: dead.uri });
  await Promise.all([people.users.create(ALICE), ...[quiet, noisy, silent].map((each) => world.clients.create(each))]);

  const asQuiet = (secret: string, sourceIp: string, form: Record<string, string>) =>
    httpEvent({ headers: { authorization: basic('quiet', secret) }, sourceIp, form });
  const machine = { grant_type: 'client_credentials', scope: 'read' };
  const logoutEvent = (id_token: string, cookie: string) =>
    ({
      ...httpEvent({ method: 'GET', path: '/logout', query: `id_token_hint=${id_token}` }),
      cookies: [cookie],
    }) as ProxyEvent;
  const own = (form: Record<string, string>) => asQuiet(RIGHT, OWN_ADDRESS, form);
  const offline = { scope: 'openid offline_access' };
  const read = async (answering: Promise<ProxyResult>) => {
    const { status, json } = readResult(await answering);
    return { json, answer: [status, json['error'], json['active'], json['sub']].filter(Boolean).join(' ') };
  };

  async function signIn(client: Client) {
    const { sid, cookie } = await people.begin();
    return { cookie, ...(await people.give(world.handlers, client, { ...offline, sid })) };
  }

  /** What the quiet client asks in one visit, in this order, for a person who is signed in. */
  async function createRequests(handlers: Handlers): Promise<Record<string, () => Promise<string>>> {
    const person = await signIn(quiet);
    let [refresh_token, ofMachine] = [person.refresh_token, ''];
    const refresh = async () => {
      const { answer, json } = await read(handlers.token(own({ grant_type: 'refresh_token', refresh_token })));
      refresh_token = String(json['refresh_token'] ?? refresh_token);
      return answer;
    };
    const check = () => verdict(handlers.authorizer(authorizerEvents['HTTP API 2.0'](ofMachine) as never));
    return {
      async token() {
        const { answer, json } = await read(handlers.token(own(machine)));
        ofMachine = String(json['access_token']);
        return answer;
      },
      refresh,
      async userinfo() {
        const headers = { authorization: `Bearer ${person.access_token}` };
        return (await read(handlers.userinfo(httpEvent({ method: 'GET', headers })))).answer;
      },
      async introspection() {
        const headers = { authorization: basic('orders') };
        return (await read(handlers.introspection(httpEvent({ headers, form: { token: ofMachine } })))).answer;
      },
      check,
      revocation: async () => (await read(handlers.revocation(own({ token: ofMachine })))).answer,
      'check of a revoked token': check,
      'sign-out': async () => String((await handlers.logout(logoutEvent(person.id_token, person.cookie))).statusCode),
      'refresh after the sign-out': refresh,
    };
  }

  /** Containers of the quiet client, which the noisy one uses as well. */
  const shared = world.restart(variables);
  const noisySession = people.begin();
  const noisyGrants: { id_token: string; refresh_token: string }[] = [];

  /** Somebody who was signed in. @returns the status */
  async function signOut(client: Client, handlers: Handlers): Promise<number> {
    const { id_token, cookie } = await signIn(client);
    return (await handlers.logout(logoutEvent(id_token, cookie))).statusCode;
  }

  /** One part of each load. @returns the status */
  const steps: Record<LoadName, (handlers: Handlers) => Promise<number>> = {
    async revocations(handlers) {
      const { json } = await post(handlers.token, 'noisy', machine);
      return (await post(handlers.revocation, 'noisy', { token: String(json['access_token']) })).status;
    },
    deliveries: (handlers) => signOut(silent, handlers),
    // At the secret of the quiet client itself.
    guesses: async (handlers) => (await handlers.token(asQuiet('wrong', STRANGER, machine))).statusCode,
    async grants(handlers) {
      noisyGrants.push(await people.give(handlers, noisy, { ...offline, sid: (await noisySession).sid }));
      return 200;
    },
  };

  return {
    world,
    people,
    receiver,
    dead,
    meter,
    /** Every other one in the containers of the quiet client. @returns the status */
    step: (name: LoadName, index: number) => steps[name](index % 2 === 0 ? shared : world.handlers),

    async visit(): Promise<Answer[]> {
      const answers: Answer[] = [];
      const requests = await createRequests(shared);
      meter.takeAll();
      for (const [name, send] of Object.entries(requests)) {
        const start = performance.now();
        const answer = await send();
        answers.push({ name, answer, milliseconds: performance.now() - start, ...meter.takeAll() });
      }
      return answers;
    },

    signOutOfQuiet: () => signOut(quiet, shared),

    presentRightSecret: async () => (await shared.token(own(machine))).statusCode,

    /** Signs out of the session with all the grants of the noisy client. @returns the status, and of a refresh of each */
    async endGrants(): Promise<[number, string[]]> {
      const { cookie } = await noisySession;
      const { statusCode } = await shared.logout(logoutEvent(noisyGrants[0]?.id_token ?? '', cookie));
      const errors: string[] = [];
      for (const { refresh_token } of noisyGrants) {
        const { json } = await post(shared.token, 'noisy', { grant_type: 'refresh_token', refresh_token });
        errors.push(String(json['error']));
      }
      return [statusCode, errors];
    },

    deliver: createDeliverer({ ...world.env, ...variables }, clock),

    async stop() {
      await Promise.all([receiver.stop(), dead.stop(), meter.stop()]);
      await world.stop();
    },
  };
}
