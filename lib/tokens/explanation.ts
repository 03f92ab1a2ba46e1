import type { EncryptionKey } from '../keys/encryption-key.ts';
import type { OpeningKeys } from '../keys/sealing-key.ts';
import { InvalidToken, UnreadableToken } from '../oauth/errors.ts';
import type { Handle } from '../oauth/handle.ts';
import type { ReferenceTokenStore } from '../store/reference-token.ts';
import type { Json } from './compact.ts';
import type { VerifiedJwt } from './jws.ts';

// How a format explains one of its tokens to an administrator, who has some of the keys, or none. Functions do not need
// this, so each format exports its explanation separately and it stays out of their bundles.

/** The keys to explain tokens with, as far as they are at hand. */
export interface ExplainingContext {
  readonly verifyJwt: ((token: string) => VerifiedJwt) | undefined;
  /** By `kid`. */
  readonly decryptionKeys: ReadonlyMap<string, EncryptionKey>;
  readonly openingKeys: OpeningKeys;
  /** Undefined for a text without a prefix of this service. */
  inspectHandle(text: string): InspectedHandle | undefined;
  /** Undefined without the table. */
  readonly findReferenceToken: ReferenceTokenStore['find'] | undefined;
}

/** A text with a prefix of this service, and whether it is what the prefix claims. */
export interface InspectedHandle {
  /** The unverified content; absent if the text has the wrong length. */
  readonly content?: Handle;
  /** Undefined when the keys to check it are missing. */
  readonly isAuthentic: boolean | undefined;
  /** What is wrong, as a predicate of "it". */
  readonly problem?: string;
}

/** What is known about a presented token. */
export interface TokenExplanation {
  readonly header?: Json | undefined;
  /** `kid` of the signing key, or id of the handle key or sealing key. */
  readonly key?: string | undefined;
  readonly claims?: Json | undefined;
  /** Whether this service is known to have made the claims. */
  readonly isVerified: boolean;
  /** The reasons to refuse the token, as predicates of "it". */
  readonly problems: readonly string[];
  /** What could not be checked, and the setting that would allow it. */
  readonly unchecked: readonly string[];
  /** For a token that could not be decrypted: the setting that is missing. */
  readonly missingKey?: string;
}

export interface FormatExplanation {
  /** Completes "A token of this format is". */
  readonly description: string;
  explain(token: string, context: ExplainingContext): Promise<TokenExplanation>;
}

type Opened<Value> = Pick<TokenExplanation, 'problems' | 'unchecked' | 'missingKey'> & { readonly value?: Value };

/**
 * Opens a token, or says why that is not possible.
 * @param missingKey the setting to name when the key is not at hand
 */
export async function tryToOpen<Value>(open: () => Value | Promise<Value>, missingKey = ''): Promise<Opened<Value>> {
  try {
    return { value: await open(), problems: [], unchecked: [] };
  } catch (error) {
    if (error instanceof UnreadableToken) {
      return { problems: [], unchecked: [`its encrypted content: ${missingKey}`], missingKey };
    }
    if (error instanceof InvalidToken) return { problems: [error.message], unchecked: [] };
    throw error;
  }
}

/** Header and claims of a JWT, as far as anybody can decode them without a key. They may be false. */
export function readUnverified(token: string): {
  readonly header: Json | undefined;
  readonly claims: Json | undefined;
} {
  const [header = '', claims = ''] = token.split('.');
  return { header: readSegment(header), claims: readSegment(claims) };
}

function readSegment(segment: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(segment, 'base64url').toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

/** The `kid` of a header that was read. */
export const keyIdOf = (header: Json | undefined): string | undefined => {
  const kid = header?.['kid'];
  return typeof kid === 'string' ? kid : undefined;
};

/** For a handle that there are no keys to check. */
export const UNCHECKED_HANDLE = 'that this service minted it: set ISSUER and HANDLE_KEYS';
