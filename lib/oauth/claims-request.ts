import { OAuthError } from './errors.ts';

/** How one claim is asked for. OpenID Connect Core section 5.5.1 */
export interface ClaimRequest {
  readonly essential: boolean;
  /** The only values that will do, the best first; absent = any. */
  readonly values?: readonly ClaimValue[];
}

type ClaimValue = string | number | boolean;

export type RequestedClaims = ReadonlyMap<string, ClaimRequest>;

/** The claims that are asked for one by one, by the place where they shall be told. */
export interface ClaimsRequest {
  readonly id_token: RequestedClaims;
  readonly userinfo: RequestedClaims;
}

/** It is stored with the grant, so it is no longer than a grant can bear. */
const MAX_LENGTH = 2_048;

const NOTHING: ClaimsRequest = { id_token: new Map(), userinfo: new Map() };

/**
 * The `claims` parameter: as it was sent, or as it is kept with a grant. Absent = nothing is asked for. Members that are not
 * known are ignored. OpenID Connect Core section 5.5
 * @throws OAuthError `invalid_request`
 */
export function parseClaimsRequest(text: string | undefined): ClaimsRequest {
  if (text === undefined) return NOTHING;
  if (text.length > MAX_LENGTH) throw invalid('claims is too long');
  const request = parseObject(text);
  return { id_token: requestedIn(request, 'id_token'), userinfo: requestedIn(request, 'userinfo') };
}

/** Whether a claim's value is one that was asked for. */
export const isRequestedValue = (value: unknown, { values }: ClaimRequest): boolean =>
  values === undefined || values.some((wanted) => wanted === value);

type Json = Readonly<Record<string, unknown>>;

function parseObject(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Said below: the message of JSON.parse quotes the request.
  }
  throw invalid('claims is not a JSON object');
}

function requestedIn(request: Json, place: keyof ClaimsRequest): RequestedClaims {
  if (!Object.hasOwn(request, place)) return new Map();
  const claims = request[place];
  if (!isObject(claims)) throw invalid(`claims has a member ${place} that is not an object`);
  return new Map(Object.entries(claims).map(([name, claim]) => [name, parseClaimRequest(claim)]));
}

function parseClaimRequest(claim: unknown): ClaimRequest {
  if (claim === null) return { essential: false };
  if (!isObject(claim)) throw invalid('claims asks for a claim by neither null nor an object');
  const { essential = false, value, values } = claim;
  if (typeof essential !== 'boolean') throw invalid('claims has an essential that is not a boolean');
  if (value !== undefined && values !== undefined) throw invalid('claims asks for both a value and values');
  if (value === undefined && values === undefined) return { essential };
  const wanted: unknown = values ?? [value];
  if (!Array.isArray(wanted) || wanted.length === 0 || !wanted.every(isClaimValue)) {
    throw invalid('claims asks for values that no claim has');
  }
  return { essential, values: wanted };
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isClaimValue = (value: unknown): value is ClaimValue => ['string', 'number', 'boolean'].includes(typeof value);

const invalid = (description: string) => new OAuthError('invalid_request', description);
