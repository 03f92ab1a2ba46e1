import type { AccessToken } from '../oauth/access-token.ts';
import { InvalidToken, LastingRefusal } from '../oauth/errors.ts';
import { type Handle, type Handles, hasHandlePrefix } from '../oauth/handle.ts';
import { validateClaims } from './claims.ts';
import { type FormatExplanation, uncheckedHandle } from './explanation.ts';
import { type AccessTokenFormat, issuedToAnotherClient, type VerifyingContext } from './format.ts';

/** A handle. The claims are in the table, with the time of a revocation of this token alone. */
export const reference: AccessTokenFormat<'reference'> = {
  name: 'reference',
  isSigned: false,
  // A handle has no dots, which all other formats have.
  matches: (token) => hasHandlePrefix('reference_token', token) && !token.includes('.'),

  async issue({ scope, ...claims }, { handles, referenceTokens }) {
    const { text, id } = (await handles.reference_token()).mint();
    // Introspection answers with a string, whatever the API is registered for. RFC 7662 section 2.2
    await referenceTokens.put({ ...claims, ...(scope !== undefined && { scope: [scope].flat().join(' ') }), jti: id });
    return text;
  },

  verify(token, context) {
    const handles = context.handles.reference_token();
    if (handles instanceof Promise) return handles.then((known) => find(parse(token, known), context));
    return find(parse(token, handles), context);
  },

  async revoke(token, client, context) {
    const handle = parse(token, await context.handles.reference_token());
    const now = context.clock();
    const revokeOf = (client_id: string | undefined) =>
      context.referenceTokens.revoke(handle.id, client_id, now, now - context.clockSkew);
    if (await revokeOf(client.client_id)) return;
    // An unknown, expired or revoked token needs no revocation, but a token of another client is refused.
    const { claims } = await find(handle, context);
    if (claims.client_id !== client.client_id) throw issuedToAnotherClient();
    await revokeOf(undefined);
  },
};

export const referenceExplanation: FormatExplanation = {
  description: 'an opaque handle, whose claims are in the table',
  async explain(token, { inspectHandle, findReferenceToken }) {
    const { content, problem, isAuthentic } = inspectHandle(token) ?? {};
    const unknown = { key: content?.key, isVerified: false, problems: [], unchecked: [] };
    if (problem !== undefined) return { ...unknown, problems: [problem] };
    const unchecked = isAuthentic === undefined ? [uncheckedHandle('REFERENCE_TOKEN_KEYS')] : [];
    if (!findReferenceToken) {
      return { ...unknown, unchecked: [...unchecked, 'its claims: name the table, such as with --stage'] };
    }
    const stored = content && (await findReferenceToken(content.id));
    if (!stored) return { ...unknown, problems: ['is not in the table'], unchecked };
    const problems = stored.revoked_at === undefined ? [] : ['was revoked'];
    return { ...unknown, claims: { ...stored.claims }, isVerified: true, problems, unchecked };
  },
};

function parse(token: string, handles: Handles): Handle {
  const handle = handles.parse(token);
  if (!handle) throw new InvalidToken('is not a reference token of this service');
  return handle;
}

async function find({ id, key }: Handle, context: VerifyingContext): Promise<AccessToken> {
  const stored = await context.referenceTokens.find(id);
  if (!stored) throw new InvalidToken('is not in the table');
  if (stored.revoked_at !== undefined) throw new LastingRefusal('was revoked');
  return { format: 'reference', claims: validateClaims({ ...stored.claims }, context), key };
}
