import type { Clock } from '../../lib/clock.ts';
import { handleKeys } from '../../lib/config.ts';
import { type AccessToken, type AccessTokenFormatName, audiences } from '../../lib/oauth/access-token.ts';
import { InvalidToken } from '../../lib/oauth/errors.ts';
import { isSameResource } from '../../lib/oauth/resource-indicator.ts';
import { validateClaims } from '../../lib/tokens/claims.ts';
import { uncheckedHandle } from '../../lib/tokens/explanation.ts';
import { type CoveringEntry, entriesCovering } from './add-revocation.ts';
import { type GrantStatus, grantStatus } from './grant-status.ts';
import { handleNames, inspectHandle, type PresentedHandle } from './presented-handle.ts';
import { inspectToken, pastedAlong } from './presented-token.ts';
import type { Store } from './store.ts';
import type { TokenKeys } from './token-keys.ts';

type Json = Readonly<Record<string, unknown>>;

/** What a presented token is, and every reason to refuse it. Contains neither the token nor any part that proves it. */
export interface Explanation {
  /** `undecided`: there is no reason to refuse the token, but not everything could be checked. */
  readonly verdict: 'accepted' | 'refused' | 'undecided';
  readonly reasons: readonly string[];
  readonly not_checked: readonly string[];
  readonly format?: AccessTokenFormatName;
  /** The kind that the prefix claims, when it is not an access token. */
  readonly kind?: PresentedHandle['kind'];
  /** The grant of a code or refresh token. */
  readonly grant_id?: string;
  readonly grant_status?: GrantStatus | 'not in the table';
  readonly header?: Json;
  /** `kid` of the signing key, or id of the handle key or sealing key. */
  readonly key?: string;
  /** Whether this service is known to have made the claims. */
  readonly claims_verified: boolean;
  readonly claims?: Json;
  /** Seconds; negative once the token has expired. */
  readonly expires_in?: number;
  readonly revoked_by: readonly CoveringEntry[];
}

export interface ExplainContext extends TokenKeys {
  readonly store: Store | undefined;
  readonly clock: Clock;
  readonly clockSkew: number;
  readonly maxLifetime: number;
  /** The audience that must accept the token; undefined = not checked. */
  readonly audience: string | undefined;
}

/** The results of the checks so far. */
interface Findings {
  readonly reasons: string[];
  readonly notChecked: string[];
}

/** Explains any text. Runs every check that it can, where the service would stop at the first failure. */
export async function explainToken(token: string, context: ExplainContext): Promise<Explanation> {
  const pasted = pastedAlong(token);
  if (pasted !== undefined) {
    return { verdict: 'refused', reasons: [pasted], not_checked: [], claims_verified: false, revoked_by: [] };
  }
  const handle = inspectHandle(token, context);
  if (handle && handle.kind !== 'reference_token') return explainOther(handle, context);
  const { format, header, key, claims, isVerified, problems, unchecked } = await inspectToken(
    token,
    context,
    context.store,
  );
  const findings: Findings = { reasons: [...problems], notChecked: [...unchecked] };
  const { reasons } = findings;
  if (claims) judgeClaims(claims, context, findings);
  const revocations =
    claims && format ? await judgeRevocation({ format, claims, key: key ?? '' }, context, findings) : [];
  return {
    verdict: reasons.length > 0 ? 'refused' : findings.notChecked.length > 0 ? 'undecided' : 'accepted',
    reasons,
    not_checked: findings.notChecked,
    ...(format && { format }),
    ...(header && { header }),
    ...(key !== undefined && { key }),
    claims_verified: isVerified,
    ...(claims && { claims }),
    ...(typeof claims?.['exp'] === 'number' && { expires_in: claims['exp'] - context.clock() }),
    revoked_by: revocations,
  };
}

/** Explains a handle or secret of this service that is not an access token. */
async function explainOther(handle: PresentedHandle, { store, clock }: ExplainContext): Promise<Explanation> {
  const { kind, content, problem, isAuthentic } = handle;
  const grant_id = content && (kind === 'code' || kind === 'refresh_token') ? content.id : undefined;
  const grant = grant_id === undefined ? undefined : await store?.grants.find(grant_id);
  const status = grant && store && (await grantStatus(grant, clock(), store.epochs));
  return {
    verdict: 'refused',
    reasons: [problem ?? `is ${handleNames[kind]}, which no API accepts`],
    not_checked:
      content && kind !== 'client_secret' && isAuthentic === undefined ? [uncheckedHandle(handleKeys[kind][0])] : [],
    kind,
    ...(content && { key: content.key }),
    claims_verified: false,
    ...(grant_id !== undefined && { grant_id }),
    ...(grant_id !== undefined && store && { grant_status: status ?? 'not in the table' }),
    revoked_by: [],
  };
}

function judgeClaims(claims: Json, context: ExplainContext, findings: Findings): void {
  const { issuer, audience } = context;
  if (issuer === undefined) findings.notChecked.push('the issuer: set ISSUER');
  try {
    validateClaims(claims, { ...context, issuer: issuer ?? String(claims['iss']) });
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    findings.reasons.push(error.message);
  }
  if (audience !== undefined && !audiencesOf(claims).some((aud) => isSameResource(aud, audience))) {
    findings.reasons.push('is for another audience');
  }
}

function audiencesOf({ aud }: Json): readonly string[] {
  return typeof aud === 'string' || (Array.isArray(aud) && aud.every((one) => typeof one === 'string'))
    ? audiences(aud)
    : [];
}

async function judgeRevocation(
  { format, claims, key }: { format: AccessTokenFormatName; claims: Json; key: string },
  { store }: ExplainContext,
  { reasons, notChecked }: Findings,
): Promise<CoveringEntry[]> {
  if (!store) {
    notChecked.push('whether it was revoked: name the table, such as with --stage');
    return [];
  }
  // Unverified claims are safe here: they are only compared as strings and one number.
  const token = { format, claims, key } as unknown as AccessToken;
  const found = entriesCovering(await store.revocations.fresh(0), token);
  if (found.length > 0 && !reasons.includes('was revoked')) reasons.push('was revoked');
  return found;
}
