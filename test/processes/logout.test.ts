// A container is killed at a request to the table while somebody signs out: the person is still signed in and can sign out again, or
// is signed out completely. docs/design.md promises 1 and 2.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { callOf, type StoreRequest } from '../support/faulty-store.ts';
import { type KillTime, killTimes, openDoomed } from '../support/processes.ts';
import { ALICE, app, createSignIn } from '../support/sign-in.ts';
import { httpEvent, post, readResult, startWorld, type World } from '../support/world.ts';

const client = app('ender', { backchannel_logout_uri: 'https://name.invalid/', end_grants_on_logout: true });

const CALLS = [
  'GetItem CLIENT',
  'GetItem SESSION',
  'PutItem SIGNED_OUT',
  'PutItem EPOCH session',
  'UpdateItem REVOKED',
  'DeleteItem SESSION',
  'DeleteItem SESSION GRANTS',
];

const nameOf = (request: StoreRequest) => {
  const { sk } = (request.input['Key'] ?? {}) as { sk?: { S: string } };
  return callOf(request) + (sk?.S === 'GRANTS' ? ' GRANTS' : '');
};

let world: World;
let people: ReturnType<typeof createSignIn>;

beforeAll(async () => {
  world = await startWorld({}, systemClock);
  people = createSignIn(world, systemClock);
  await Promise.all([people.users.create(ALICE), world.clients.create(client)]);
});
afterAll(() => world.stop());

async function signedIn() {
  const { sid, cookie } = await people.begin();
  const tokens = await people.give(world.handlers, client, { sid, scope: 'openid offline_access' });
  const event = httpEvent({ method: 'GET', path: '/logout', query: `id_token_hint=${tokens.id_token}` });
  return { sid, tokens, event: { ...event, cookies: [cookie] } as typeof event };
}

const isSignedIn = async (sid: string) => (await people.sessions.find(sid)) !== undefined;

describe('A sign-out', () => {
  it.each(CALLS.flatMap((call) => killTimes(call).map((time): [KillTime, string] => [time, call])))(
    'whose container is killed %s %s leaves nothing half done, or can be repeated',
    async (time, call) => {
      const { sid, tokens, event } = await signedIn();
      const doomed = await openDoomed(world.env);
      doomed.store.behave(async (response, forward, request) => {
        const isIt = nameOf(request) === call;
        const answer = isIt && time === 'before' ? undefined : await forward();
        if (isIt) await doomed.kill();
        if (isIt || !answer) response.destroy();
        else response.writeHead(answer.status, answer.headers).end(answer.body);
      });
      await expect(doomed.handlers.logout(event)).rejects.toThrow('ended');

      const isOver = call === CALLS.at(-1) || (time === 'after' && call === 'DeleteItem SESSION');
      expect(await isSignedIn(sid)).toBe(!isOver);
      expect((await world.handlers.logout(event)).statusCode).toBe(200);
      expect(await isSignedIn(sid)).toBe(false);
      const { refresh_token, access_token } = tokens;
      const refreshed = await post(world.handlers.token, 'ender', { grant_type: 'refresh_token', refresh_token });
      expect(refreshed).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
      const headers = { authorization: `Bearer ${access_token}` };
      expect(readResult(await world.handlers.userinfo(httpEvent({ method: 'GET', headers }))).status).toBe(401);
      // A sign-out that is repeated can notify the client twice.
      const told = (await people.deliveries.list()).filter((delivery) => delivery.sid === sid);
      expect(new Set(told.map(({ client_id }) => client_id))).toEqual(new Set(['ender']));
    },
  );
});
