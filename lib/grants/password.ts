import { OAuthError } from '../oauth/errors.ts';
import type { Grant } from '../oauth/grant.ts';
import { createGrantId } from '../oauth/grant-id.ts';
import { authorizeScope, identityScopes } from '../oauth/scope.ts';
import { hasRefreshTokens, storeGrant } from '../tokens/code.ts';
import type { GrantType } from './grant-type.ts';
import { getResourceServersOrIssuer } from './resource-servers.ts';

/**
 * RFC 6749 section 4.3. Legacy, as the client sees the password (RFC 9700 section 2.4): only for clients that are migrating.
 */
export const password: GrantType = {
  name: 'password',
  async obtain({ form, client, resources: requested, address }, context) {
    const [username, typed] = [form.require('username'), form.require('password')];
    const resources = await getResourceServersOrIssuer(requested, client, context);
    const scope = authorizeScope(form.get('scope'), client, resources, identityScopes);
    if (resources[0].identifier === context.issuer && !scope.split(' ').includes('openid')) throw nothingFor();
    const signIn = await context.authenticateUser(username, typed, { address, client_id: client.client_id });
    if (signIn.outcome === 'delayed') throw tooManyAttempts(signIn.seconds);
    if (signIn.outcome === 'refused') throw refusedSignIn(signIn.reason);

    const { sub, amr } = signIn;
    const auth_time = context.clock();
    const { grant_id, secret } = createGrantId(sub);
    const grant: Grant = { grant_id, client, sub, scope, resources, auth_time, amr };
    const hasRefresh = hasRefreshTokens(grant);
    // Userinfo believes only what is stored.
    if (hasRefresh || scope.split(' ').includes('openid')) await storeGrant(grant, context);
    return { grant, ...(hasRefresh && { refresh: { secret, generation: 0 } }) };
  },
};

/** A client without resource servers can only get tokens for the userinfo endpoint, which requires openid. */
const nothingFor = () =>
  new OAuthError('invalid_scope', 'this client needs the scope openid, because it has no resource servers');

/** The same, whatever is wrong; only the log shows `reason`. RFC 6749 section 5.2 */
const refusedSignIn = (reason: string) =>
  new OAuthError('invalid_grant', 'username and password do not match', { reason });

const tooManyAttempts = (seconds: number) =>
  new OAuthError('invalid_grant', 'there were too many attempts', { headers: { 'retry-after': String(seconds) } });
