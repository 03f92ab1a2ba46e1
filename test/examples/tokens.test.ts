// How the demo web app keeps the tokens of somebody who is signed in.
import { describe, expect, it } from 'vitest';

interface Tokens {
  access_token: string;
  refresh_token?: string;
  id_token?: string;
  expires_in?: number;
  expires_at: number;
}
interface Login {
  tokens: Tokens;
}
interface Keeper {
  renew(login: Login): Promise<void>;
  call(login: Login, send: (access_token: string) => Promise<Response>): Promise<Response>;
}
// Not part of this program, and written in JavaScript: what users copy.
const file = '../../examples/web-app/tokens.mjs';
const { createTokenKeeper, received } = (await import(file)) as {
  createTokenKeeper(refresh: (refresh_token: string) => Promise<object>, clock: () => number): Keeper;
  received(tokens: object, before: object, now: number): Tokens;
};

const NOW = 1_800_000_000_000;

/** A login whose tokens were issued just now, and a service that issues further ones. */
function start({ refusing = [] as string[], failure = undefined as object | undefined } = {}) {
  let now = NOW;
  const refreshed: string[] = [];
  const sent: string[] = [];
  const keeper = createTokenKeeper(
    async (refresh_token) => {
      refreshed.push(refresh_token);
      await new Promise((resolve) => setImmediate(resolve));
      if (failure) throw failure;
      const number = refreshed.length + 1;
      return { access_token: `access-${number}`, refresh_token: `refresh-${number}`, expires_in: 3600 };
    },
    () => now,
  );
  const issued = { access_token: 'access-1', refresh_token: 'refresh-1', id_token: 'id', expires_in: 3600 };
  const login: Login = { tokens: received(issued, {}, NOW) };
  return {
    keeper,
    login,
    refreshed,
    sent,
    advance(seconds: number) {
      now += seconds * 1000;
    },
    call: () =>
      keeper.call(login, async (access_token) => {
        sent.push(access_token);
        return new Response('{}', { status: refusing.includes(access_token) ? 401 : 200 });
      }),
  };
}

describe('The demo web app, when it calls an API,', () => {
  it('sends its access token while it is valid', async () => {
    const { call, advance, sent, refreshed } = start();
    advance(3569);
    expect((await call()).status).toBe(200);
    expect([sent, refreshed]).toEqual([['access-1'], []]);
  });

  it('refreshes before the access token expires, and keeps tokens that the answer does not replace', async () => {
    const { call, advance, login, sent, refreshed } = start();
    advance(3570);
    expect((await call()).status).toBe(200);
    expect([sent, refreshed]).toEqual([['access-2'], ['refresh-1']]);
    expect(login.tokens).toMatchObject({ refresh_token: 'refresh-2', id_token: 'id', expires_at: NOW + 7170 * 1000 });
  });

  it.each([401, 403])('refreshes and tries once more when the API answers %d', async (status) => {
    const { keeper, login, refreshed } = start();
    const sent: string[] = [];
    const response = await keeper.call(login, async (access_token) => {
      sent.push(access_token);
      return new Response('', { status: access_token === 'access-1' ? status : 200 });
    });
    expect(response.status).toBe(200);
    expect([sent, refreshed]).toEqual([['access-1', 'access-2'], ['refresh-1']]);
  });

  it('gives up when the API refuses the new access token as well', async () => {
    const { call, sent, refreshed } = start({ refusing: ['access-1', 'access-2', 'access-3'] });
    expect((await call()).status).toBe(401);
    expect([sent, refreshed]).toEqual([['access-1', 'access-2'], ['refresh-1']]);
  });

  it('returns a refusal when it has no refresh token', async () => {
    const { call, login, refreshed } = start({ refusing: ['access-1'] });
    login.tokens = received({ access_token: 'access-1' }, {}, NOW);
    expect((await call()).status).toBe(401);
    expect(refreshed).toEqual([]);
  });

  it('refreshes once for all tabs that call at the same time', async () => {
    const { call, advance, sent, refreshed } = start();
    advance(4000);
    await Promise.all([call(), call(), call()]);
    expect([sent, refreshed]).toEqual([['access-2', 'access-2', 'access-2'], ['refresh-1']]);
  });

  it('refreshes once for all tabs that are refused at the same time', async () => {
    const { call, sent, refreshed } = start({ refusing: ['access-1'] });
    const answers = await Promise.all([call(), call(), call()]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(sent.filter((token) => token === 'access-2')).toHaveLength(3);
    expect(refreshed).toEqual(['refresh-1']);
  });

  it('uses the access token until its expiry while the service cannot be reached', async () => {
    const { call, advance, sent } = start({ failure: new TypeError('fetch failed') });
    advance(3590);
    expect((await call()).status).toBe(200);
    expect(sent).toEqual(['access-1']);
    advance(10);
    await expect(call()).rejects.toThrow('fetch failed');
  });

  it('ends its session when the refresh token is refused, even before the access token expires', async () => {
    const { call, advance, sent } = start({ failure: Object.assign(new Error(), { error: 'invalid_grant' }) });
    advance(3590);
    await expect(call()).rejects.toMatchObject({ error: 'invalid_grant' });
    expect(sent).toEqual([]);
  });

  it('tries a failed refresh again with the next call', async () => {
    const failures = [new TypeError('fetch failed')];
    const keeper = createTokenKeeper(
      async () => {
        const failure = failures.pop();
        if (failure) throw failure;
        return { access_token: 'access-2', expires_in: 3600 };
      },
      () => NOW,
    );
    const login = { tokens: received({ access_token: 'access-1', refresh_token: 'r', expires_in: 0 }, {}, NOW) };
    const send = async (token: string) => new Response(token);
    await expect(keeper.call(login, send)).rejects.toThrow('fetch failed');
    expect(await (await keeper.call(login, send)).text()).toBe('access-2');
  });
});
