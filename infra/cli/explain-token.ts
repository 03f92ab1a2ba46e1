import type { Clock } from '../../lib/clock.ts';
import { type AccessToken, type AccessTokenFormatName, audiences } from '../../lib/oauth/access-token.ts';
import { InvalidToken, UnreadableToken } from '../../lib/oauth/errors.ts';
import type { Revocation } from '../../lib/oauth/revocation.ts';
import { validateClaims } from '../../lib/tokens/claims.ts';
import { decryptJwt } from '../../lib/tokens/encrypted-jwt.ts';
import { formatOf } from '../../lib/tokens/formats.ts';
import { openSealed } from '../../lib/tokens/sealed.ts';
import { findRevocations } from './add-revocation.ts';
import { type GrantStatus, grantStatus } from './grant-status.ts';
import { handleNames, inspectHandle, type PresentedHandle } from './presented-handle.ts';
import { readJwt } from './presented-token.ts';
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
  readonly revoked_by: readonly Revocation[];
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
  header?: Json;
  key?: string;
  claims?: Json;
  verified: boolean;
}

/** Explains any text. Runs every check that it can, where the service would stop at the first failure. */
export async function explainToken(token: string, context: ExplainContext): Promise<Explanation> {
  const handle = inspectHandle(token, context);
  if (handle && handle.kind !== 'reference_token') return explainOther(handle, context);
  const findings: Findings = { reasons: [], notChecked: [], verified: false };
  const format = attempt(() => formatOf(token), findings);
  if (format) await inspect[format](token, context, findings);
  const { claims, key, reasons } = findings;
  if (claims) judgeClaims(claims, context, findings);
  const revocations =
    claims && format ? await judgeRevocation({ format, claims, key: key ?? '' }, context, findings) : [];
  return {
    verdict: reasons.length > 0 ? 'refused' : findings.notChecked.length > 0 ? 'undecided' : 'accepted',
    reasons,
    not_checked: findings.notChecked,
    ...(format && { format }),
    ...(findings.header && { header: findings.header }),
    ...(key !== undefined && { key }),
    claims_verified: findings.verified,
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
    not_checked: content && isAuthentic === undefined ? [UNCHECKED_HANDLE] : [],
    kind,
    ...(content && { key: content.key }),
    claims_verified: false,
    ...(grant_id !== undefined && { grant_id }),
    ...(grant_id !== undefined && store && { grant_status: status ?? 'not in the table' }),
    revoked_by: [],
  };
}

const UNCHECKED_HANDLE = 'that this service minted it: set ISSUER and HANDLE_KEYS';

/** Runs a check of the service, and keeps the reason if it fails. */
function attempt<T>(check: () => T, { reasons }: Findings): T | undefined {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    reasons.push(error.message);
    return undefined;
  }
}

/** For each format: checks that a token is authentic, and reads its claims. */
const inspect: Record<AccessTokenFormatName, (token: string, context: ExplainContext, to: Findings) => unknown> = {
  jwt(token, { verifyJwt }, findings) {
    const { header, claims } = readJwt(token);
    const verified = verifyJwt && attempt(() => verifyJwt(token), findings);
    if (!verifyJwt) findings.notChecked.push('the signature: set VERIFICATION_KEYS, or set ISSUER to fetch its keys');
    const kid = verified?.kid ?? header?.['kid'];
    if (header) findings.header = header;
    if (typeof kid === 'string') findings.key = kid;
    const shown = verified?.claims ?? claims;
    if (shown) findings.claims = shown;
    findings.verified = verified !== undefined;
  },

  async encrypted_jwt(token, context, findings) {
    const signed = await read(() => decryptJwt(token, context.decryptionKeys), 'set DECRYPTION_KEYS', findings);
    if (signed !== undefined) inspect.jwt(signed, context, findings);
    const { header } = readJwt(token);
    if (header) findings.header = header;
  },

  async sealed(token, { openingKeys }, findings) {
    const opened = await read(() => openSealed(token, openingKeys), 'set ISSUER and SEALING_KEYS', findings);
    const { header } = readJwt(token);
    if (header) findings.header = header;
    const kid = header?.['kid'];
    if (typeof kid === 'string') findings.key = kid;
    if (opened) Object.assign(findings, { claims: opened.claims, verified: true });
  },

  async reference(token, context, findings) {
    const { content, problem, isAuthentic } = inspectHandle(token, context) ?? {};
    if (content) findings.key = content.key;
    if (problem !== undefined) return void findings.reasons.push(problem);
    if (isAuthentic === undefined) findings.notChecked.push(UNCHECKED_HANDLE);
    const { store } = context;
    if (!store) return void findings.notChecked.push('its claims: name the table, such as with --stage');
    const stored = content && (await store.referenceTokens.find(content.id));
    if (!stored) return void findings.reasons.push('is not in the table');
    if (stored.revoked_at !== undefined) findings.reasons.push('was revoked');
    findings.claims = stored.claims;
    findings.verified = true;
  },
};

/** Decrypts a token, or notes which keys are missing. */
async function read<T>(open: () => Promise<T>, remedy: string, findings: Findings): Promise<T | undefined> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    if (error instanceof UnreadableToken) findings.notChecked.push(`its encrypted content: ${remedy}`);
    else findings.reasons.push(error.message);
    return undefined;
  }
}

function judgeClaims(claims: Json, context: ExplainContext, findings: Findings): void {
  const { issuer, audience } = context;
  if (issuer === undefined) findings.notChecked.push('the issuer: set ISSUER');
  attempt(() => validateClaims(claims, { ...context, issuer: issuer ?? String(claims['iss']) }), findings);
  if (audience !== undefined && !audiencesOf(claims).includes(audience)) {
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
): Promise<Revocation[]> {
  if (!store) {
    notChecked.push('whether it was revoked: name the table, such as with --stage');
    return [];
  }
  // Unverified claims are safe here: they are only compared as strings and one number.
  const token = { format, claims, key } as unknown as AccessToken;
  const found = findRevocations(await store.revocations.since(0), token);
  if (found.length > 0 && !reasons.includes('was revoked')) reasons.push('was revoked');
  return found;
}
