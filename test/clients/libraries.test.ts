// Client libraries for Node.js, unmodified: each program in `npm` does what the users of one library do. The libraries openid-client
// 6 and oauth4webapi are tried in test/interop-users.test.ts, oidc-client-ts in test/browser.
import { describe, expect, it } from 'vitest';
import { reusablePort } from '../support/port.ts';
import { prepareJourney, type Settings, type StepName, stepChecks } from './journey.ts';
import type { Visit } from './web-browser.ts';

type Run = (
  settings: Settings,
  visit: (url: string) => Promise<Visit>,
) => AsyncGenerator<[step: StepName, what: string]>;

interface Program {
  /** Its file, and the function in it. */
  readonly file: string;
  readonly start?: string;
  readonly steps: readonly StepName[];
  /** Options of `latchkey client create` that the library needs. */
  readonly options?: readonly string[];
  /** The path of its redirect URI, if it is a server. */
  readonly callback?: string;
  readonly redirect_uri?: string;
}

const app = { options: ['--public'], steps: ['sign in', 'refresh', 'logout'] } satisfies Partial<Program>;

const programs: Readonly<Record<string, Program>> = {
  'openid-client 5': {
    file: 'openid-client-5',
    steps: ['sign in', 'userinfo', 'refresh', 'introspection', 'revocation', 'logout'],
  },
  '@auth/core': {
    file: 'auth-core',
    options: ['--claims-in-id-token'],
    callback: '/auth/callback/latchkey',
    steps: ['sign in', 'userinfo'],
  },
  'passport-oauth2': { file: 'passport-oauth2', steps: ['sign in', 'userinfo', 'refresh'], callback: '/callback' },
  'simple-oauth2': { file: 'simple-oauth2', steps: ['sign in', 'refresh', 'revocation'] },
  '@badgateway/oauth2-client': { file: 'oauth2-client', steps: ['sign in', 'refresh', 'introspection', 'revocation'] },
  'AppAuth for iOS': { file: 'app-auth', start: 'ios', redirect_uri: 'com.example.app:/oauth2redirect', ...app },
  'AppAuth for Android': {
    file: 'app-auth',
    start: 'android',
    redirect_uri: 'com.example.app:/oauth2redirect',
    ...app,
  },
};

describe.concurrent('The steps that client libraries take work with', () => {
  it.each(Object.entries(programs))('%s', async (_name, { file, start = 'run', steps, options, callback, ...uris }) => {
    const redirect_uri = callback ? `http://localhost:${await reusablePort()}${callback}` : uris.redirect_uri;
    const journey = await prepareJourney(options, { ...(redirect_uri && { redirect_uri }) });
    const check = stepChecks(journey);
    const { [start]: run } = (await import(`./npm/${file}.mjs`)) as Record<string, Run>;
    const done: StepName[] = [];
    for await (const [step, what] of run!(journey.settings, journey.browser.visit)) {
      await check({ step, what });
      done.push(step);
    }
    expect(done).toEqual(steps);
  });
});
