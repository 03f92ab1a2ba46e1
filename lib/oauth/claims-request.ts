import { parseJsonText } from '../unicode.ts';
import { OAuthError } from './errors.ts';

/** OpenID Connect Core section 5.5.1 */
export interface ClaimRequest {
  readonly essential: boolean;
  /** In order of preference; absent = any. */
  readonly values?: readonly ClaimValue[];
}

type ClaimValue = string | number | boolean;

export type RequestedClaims = ReadonlyMap<string, ClaimRequest>;

export interface ClaimsRequest {
  readonly id_token: RequestedClaims;
  readonly userinfo: RequestedClaims;
}

/** It is stored with the grant, whose item has to stay small. */
const MAX_LENGTH = 2_048;

const NO_CLAIMS: ClaimsRequest = { id_token: new Map(), userinfo: new Map() };

/** Ignores unknown members. OpenID Connect Core section 5.5. @throws OAuthError `invalid_request` */
export function parseClaimsRequest(text: string | undefined): ClaimsRequest {
  if (text === undefined) return NO_CLAIMS;
  if (text.length > MAX_LENGTH) throw invalid('claims is too long');
  const request = parseObject(text);
  return { id_token: requestedIn(request, 'id_token'), userinfo: requestedIn(request, 'userinfo') };
}

export const isRequestedValue = (value: unknown, { values }: ClaimRequest): boolean =>
  values === undefined || values.some((wanted) => wanted === value);

type Json = Readonly<Record<string, unknown>>;

function parseObject(text: string): Json {
  try {
    const value = parseJsonText(text);
    if (isObject(value)) return value;
  } catch {
    // Refused below, because the message can quote the request.
  }
  throw invalid('claims is not a JSON object');
}

function requestedIn(request: Json, place: keyof ClaimsRequest): RequestedClaims {
  if (!Object.hasOwn(request, place)) return new Map();
  const claims = request[place];
  if (!isObject(claims)) throw invalid(`the member ${place} of claims is not an object`);
  return new Map(Object.entries(claims).map(([name, claim]) => [name, parseClaimRequest(claim)]));
}

function parseClaimRequest(claim: unknown): ClaimRequest {
  if (claim === null) return { essential: false };
  if (!isObject(claim)) throw invalid('a claim in claims is neither null nor an object');
  const { essential = false, value, values } = claim;
  if (typeof essential !== 'boolean') throw invalid('essential in claims is not a boolean');
  if (value !== undefined && values !== undefined) throw invalid('a claim in claims has both value and values');
  if (value === undefined && values === undefined) return { essential };
  const wanted: unknown = values ?? [value];
  if (!Array.isArray(wanted) || wanted.length === 0 || !wanted.every(isClaimValue)) {
    throw invalid('a value in claims is not a string, a number or a boolean');
  }
  return { essential, values: wanted };
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isClaimValue = (value: unknown): value is ClaimValue => ['string', 'number', 'boolean'].includes(typeof value);

const invalid = (description: string) => new OAuthError('invalid_request', description);
