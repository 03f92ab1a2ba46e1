// What programs on a client library do here, in every language: they get a client, go through what their library offers, and say
// what came of each step. This file checks what they say against the service.
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { type Cli, createCli, succeeding } from '../infra/cli-runner.ts';
import type { LocalService } from '../support/local-service.ts';
import { createLocalUser, type LocalUser, sharedService } from '../support/shared.ts';
import { openWebBrowser, type WebBrowser } from './web-browser.ts';

/** What a program is given: what its user would write into its configuration. */
export interface Settings {
  readonly issuer: string;
  readonly client_id: string;
  readonly client_secret: string;
  readonly redirect_uri: string;
  readonly post_logout_redirect_uri: string;
  readonly scope: string;
  /** A protected API, and its credentials for introspection. */
  readonly api: { readonly url: string; readonly identifier: string; readonly secret: string };
}

/**
 * What a step shows:
 * - `sign in`, `refresh`: the access token;
 * - `userinfo`: the email address, also where a library takes it from the ID token;
 * - `introspection`: the user name or subject that the library found;
 * - `revocation`: an access token that must be dead now;
 * - `logout`: the URL at which the browser arrived.
 */
export type StepName = 'sign in' | 'userinfo' | 'refresh' | 'introspection' | 'revocation' | 'logout';

export interface Step {
  readonly step: StepName;
  readonly what: string;
}

const SCOPE = 'openid profile email offline_access orders:read';

/** Where an app without a server gets its answers. Nobody loads these pages. */
const APP = 'https://app.example';

export interface Journey {
  readonly settings: Settings;
  readonly browser: WebBrowser;
  readonly user: LocalUser;
}

/**
 * Registers a client and a user for one program.
 * @param options for `latchkey client create`, besides URIs, scope and API
 * @param uris of the program, if it is a server
 * @param apiOptions for `latchkey resource create`, for an API with the scope `things:read` in place of that of the demo
 */
export async function prepareJourney(
  options: readonly string[] = [],
  { redirect_uri = `${APP}/callback`, post_logout_redirect_uri = `${APP}/` } = {},
  apiOptions?: readonly string[],
): Promise<Journey> {
  const service = await sharedService();
  const user = await createLocalUser(service);
  const latchkey = succeeding(createCli({}, service.directory));
  const api = apiOptions ? await createApi(latchkey, apiOptions) : ordersOf(service);
  const scope = apiOptions ? SCOPE.replace('orders:', 'things:') : SCOPE;
  const uris = ['--redirect-uri', redirect_uri, '--post-logout-redirect-uri', post_logout_redirect_uri];
  const rights = ['--scope', scope, '--resource', api.identifier];
  const id = `client-${randomUUID()}`;
  const created = await latchkey(['client', 'create', id, ...uris, ...rights, ...options, '--json']);
  const { client_secret = '' } = created.json<{ client_secret?: string }>();
  const settings: Settings = {
    issuer: service.issuer,
    client_id: id,
    client_secret,
    redirect_uri,
    post_logout_redirect_uri,
    scope,
    api: { url: `${service.issuer}/whoami`, ...api },
  };
  return { settings, user, browser: openWebBrowser(user) };
}

async function createApi(latchkey: Cli, options: readonly string[]): Promise<{ identifier: string; secret: string }> {
  const identifier = `https://things.example/${randomUUID()}`;
  const created = await latchkey(['resource', 'create', identifier, '--scope', 'things:read', ...options, '--json']);
  return { identifier, secret: created.json<{ secret: string }>().secret };
}

function ordersOf({ demo }: LocalService): { identifier: string; secret: string } {
  const orders = Object.values(demo.resources).find(({ identifier }) => identifier.includes('orders'));
  if (!orders) throw new Error('the demo has no API for orders');
  return orders;
}

/** Holds each step that a program reports against the service, at once: a later step may end what an earlier one made. */
export function stepChecks({ settings, user }: Journey) {
  const callApi = (token: string) => fetch(settings.api.url, { headers: { authorization: `Bearer ${token}` } });
  const tokens = new Set<string>();

  async function accepted(token: string): Promise<void> {
    expect(tokens).not.toContain(token);
    tokens.add(token);
    const response = await callApi(token);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ client_id: settings.client_id, scope: settings.scope });
  }

  const checks: Readonly<Record<StepName, (what: string) => Promise<void>>> = {
    'sign in': accepted,
    refresh: accepted,
    async userinfo(what) {
      expect(what).toBe(user.email);
    },
    async introspection(what) {
      expect(what).toBe(settings.client_id);
    },
    async revocation(what) {
      expect(tokens).toContain(what);
      expect((await callApi(what)).status).toBe(403);
    },
    async logout(what) {
      expect(what.startsWith(settings.post_logout_redirect_uri), what).toBe(true);
    },
  };
  return ({ step, what }: Step): Promise<void> => checks[step](what);
}
