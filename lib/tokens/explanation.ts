import type { EncryptionKey } from '../keys/encryption-key.ts';
import type { OpeningKeys } from '../keys/sealing-key.ts';
import { InvalidToken, UnreadableToken } from '../oauth/errors.ts';
import type { Handle } from '../oauth/handle.ts';
import type { ReferenceTokenStore } from '../store/reference-token.ts';
import { parseJsonText } from '../unicode.ts';
import type { Json } from './compact.ts';
import type { VerifiedJwt } from './jws.ts';

// For an administrator, who has some of the keys, or none. Kept apart from the formats, so that functions do not bundle it.

export interface ExplainingContext {
  /** Undefined when there are no keys to verify with. */
  findJwtVerifier(): Promise<((token: string) => VerifiedJwt) | undefined>;
  readonly decryptionKeys: ReadonlyMap<string, EncryptionKey>;
  readonly openingKeys: OpeningKeys;
  /** Undefined for a text without a prefix of this service. */
  inspectHandle(text: string): InspectedHandle | undefined;
  readonly findReferenceToken: ReferenceTokenStore['find'] | undefined;
}

export interface InspectedHandle {
  /** Unverified; absent if the text has the wrong length. */
  readonly content?: Handle;
  /** Undefined when the keys to check it are missing. */
  readonly isAuthentic: boolean | undefined;
  /** A predicate of "it". */
  readonly problem?: string;
}

export interface TokenExplanation {
  readonly header?: Json | undefined;
  /** The `kid` of the signing key, or the id of the handle key or sealing key. */
  readonly key?: string | undefined;
  readonly claims?: Json | undefined;
  /** This service is known to have made the claims; those of a sealed token may also be from its API. */
  readonly isVerified: boolean;
  /** The reasons to refuse the token, as predicates of "it". */
  readonly problems: readonly string[];
  /** With the setting that would allow to check it. */
  readonly unchecked: readonly string[];
  /** The setting with which the token could be decrypted. */
  readonly missingKey?: string;
}

export interface FormatExplanation {
  /** Completes "A token of this format is". */
  readonly description: string;
  explain(token: string, context: ExplainingContext): Promise<TokenExplanation>;
}

type Opened<Value> = Pick<TokenExplanation, 'problems' | 'unchecked' | 'missingKey'> & { readonly value?: Value };

/** @param missingKey the setting to name when the key is not at hand */
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

/** As far as anybody can decode them without a key; they may be false. */
export function readUnverified(token: string): {
  readonly header: Json | undefined;
  readonly claims: Json | undefined;
} {
  const [header = '', claims = ''] = token.split('.');
  return { header: readSegment(header), claims: readSegment(claims) };
}

function readSegment(segment: string): Json | undefined {
  try {
    const value: unknown = parseJsonText(Buffer.from(segment, 'base64url').toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

export const keyIdOf = (header: Json | undefined): string | undefined => {
  const kid = header?.['kid'];
  return typeof kid === 'string' ? kid : undefined;
};

/** @param variable with the keys of this kind of handle */
export const uncheckedHandle = (variable: string): string => `that this service minted it: set ISSUER and ${variable}`;
