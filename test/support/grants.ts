import { type Clock, systemClock } from '../../lib/clock.ts';
import { readConfig } from '../../lib/config.ts';
import type { Client } from '../../lib/oauth/client.ts';
import type { Grant } from '../../lib/oauth/grant.ts';
import { createGrantId } from '../../lib/oauth/grant-id.ts';
import { createHandles, type HandleKind, type Handles, handleKinds } from '../../lib/oauth/handle.ts';
import { deriveCodeChallenge } from '../../lib/oauth/pkce.ts';
import { issuerAsResource } from '../../lib/oauth/resource-server.ts';
import { createGrantStore } from '../../lib/store/grant.ts';
import { type CodeBinding, issueCode } from '../../lib/tokens/code.ts';
import { client, type Handlers, type JsonResult, post, type World } from './world.ts';

export const REDIRECT_URI = 'https://app.example/callback';
export const VERIFIER = 'v'.repeat(43);
export const SUBJECT = 'alice';

/** A client that people sign in to. */
export const app = (client_id: string, more: Partial<Client> = {}): Client =>
  client(client_id, {
    grant_types: ['authorization_code', 'refresh_token'],
    scope: 'openid profile email offline_access read write',
    redirect_uris: [REDIRECT_URI],
    ...more,
  });

export type AllHandles = Readonly<Record<HandleKind, Handles>>;

export const createAllHandles = (issuer: string, ...shared: Buffer[]): AllHandles =>
  Object.fromEntries(
    handleKinds.map((kind) => [kind, createHandles(kind, issuer, { own: [], shared })]),
  ) as unknown as AllHandles;

export const handlesOf = ({ env }: Pick<World, 'env'>): AllHandles => {
  const { get } = readConfig(env);
  return createAllHandles(get('ISSUER'), ...get('HANDLE_KEYS'));
};

export interface CodeOptions extends Partial<Omit<Grant, 'client' | 'resources'>> {
  /** Identifiers. */
  readonly resources?: readonly string[];
  /** Absent = bound to `REDIRECT_URI` and the challenge of `VERIFIER`. */
  readonly binding?: CodeBinding;
  readonly clock?: Clock;
  /** Seconds. */
  readonly codeLifetime?: number;
}

/** Stores a grant like `/authorize`. @returns its code */
export async function newCode(
  { env, table, clients, resourceServers }: Pick<World, 'env' | 'table' | 'clients' | 'resourceServers'>,
  client_id: string,
  options: CodeOptions = {},
): Promise<{ code: string; grant_id: string; secret: string }> {
  const { resources = ['orders'], clock = systemClock, binding, codeLifetime = 60, ...more } = options;
  const sub = more.sub ?? SUBJECT;
  const servers = await Promise.all(
    resources.map(async (id) => (await resourceServers.find(id)) ?? issuerAsResource(id)),
  );
  const { grant_id, secret } = createGrantId(sub);
  const grant: Grant = {
    grant_id,
    client: (await clients.find(client_id))!,
    scope: 'openid offline_access read write',
    resources: servers as unknown as Grant['resources'],
    auth_time: clock() - 5,
    amr: ['pwd'],
    ...more,
    sub,
  };
  const code = await issueCode(
    grant,
    secret,
    binding ?? { redirect_uri: REDIRECT_URI, code_challenge: deriveCodeChallenge(VERIFIER) },
    {
      clock,
      grants: createGrantStore(table),
      handles: { code: () => handlesOf({ env }).code },
      codeLifetime,
      refreshTokenLifetime: 2_592_000,
      refreshTokenIdleLifetime: 604_800,
      defaultLifetime: 3_600,
      maxLifetime: 86_400,
    },
  );
  return { code, grant_id: grant.grant_id, secret };
}

export const redemption = (code: string, more: Record<string, string | string[]> = {}) => ({
  grant_type: 'authorization_code',
  code,
  redirect_uri: REDIRECT_URI,
  code_verifier: VERIFIER,
  ...more,
});

export const redeem = ({ token }: Pick<Handlers, 'token'>, id: string, code: string, more = {}): Promise<JsonResult> =>
  post(token, id, redemption(code, more));

export const refresh = (
  { token }: Pick<Handlers, 'token'>,
  id: string,
  refresh_token: string,
  more = {},
): Promise<JsonResult> => post(token, id, { grant_type: 'refresh_token', refresh_token, ...more });

/** The tokens of a successful token response. */
export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly id_token: string;
  readonly scope: string;
}

export function tokensOf({ status, json }: JsonResult): Tokens {
  if (status !== 200) throw new Error(`no tokens: ${status} ${JSON.stringify(json)}`);
  return json as unknown as Tokens;
}

/** The payload of a JWT. */
export const payloadOf = (jwt: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
