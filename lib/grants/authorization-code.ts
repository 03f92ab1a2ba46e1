import { OAuthError } from '../oauth/errors.ts';
import { type Redemption, redemptionTransition, undoRedemptionTransition } from '../oauth/grant-state.ts';
import { randomId } from '../oauth/handle.ts';
import { deriveCodeChallenge } from '../oauth/pkce.ts';
import { whyNotRedeemed } from '../oauth/transition-failure.ts';
import { idleUntil } from '../tokens/code.ts';
import { effectiveGrant } from './effective-grant.ts';
import type { GrantType } from './grant-type.ts';
import { invalidGrant, type OneTimeUse, useOnce } from './one-time-use.ts';
import { invalidTarget } from './resource-servers.ts';

const proofMissing = () => new OAuthError('invalid_request', 'redirect_uri or code_verifier is missing');

/** RFC 6749 section 4.1.3, with PKCE: RFC 7636 section 4.5 */
export const authorizationCode: GrantType = {
  name: 'authorization_code',
  async obtain(request, context) {
    const { form, client } = request;
    const code = form.require('code');
    const redirect_uri = form.get('redirect_uri');
    const verifier = form.get('code_verifier');
    const handle = (await context.handles.code()).parse(code);
    if (!handle) throw invalidGrant('it is not a code of this service');

    const now = context.clock();
    const redemption: Redemption = {
      request: randomId(),
      client_id: client.client_id,
      redirect_uri,
      code_challenge: verifier === undefined ? undefined : deriveCodeChallenge(verifier),
      resources: request.resources,
      now,
      idle_until: idleUntil({ client }, now, context),
    };
    const use: OneTimeUse = {
      grant_id: handle.id,
      transition: redemptionTransition(redemption),
      undo: undoRedemptionTransition(redemption.request),
      whyNot: (grant) => whyNotRedeemed(grant, redemption),
      excess: invalidTarget,
      lacking: ({ code_challenge, redirect_uri_omitted }) =>
        redirect_uri === undefined && verifier === undefined && (code_challenge !== undefined || !redirect_uri_omitted)
          ? proofMissing()
          : undefined,
    };
    const state = await useOnce(use, request, context);
    return effectiveGrant(state, handle.secret, { scope: [], resources: redemption.resources }, client, context);
  },
};
