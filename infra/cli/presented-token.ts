import type { AccessTokenFormatName } from '../../lib/oauth/access-token.ts';
import { readUnverifiedHandle } from '../../lib/oauth/handle.ts';
import { type TokenExplanation, tryToOpen } from '../../lib/tokens/explanation.ts';
import { explanations } from '../../lib/tokens/explanations.ts';
import { formatOf } from '../../lib/tokens/formats.ts';
import { inspectHandle } from './presented-handle.ts';
import type { Store } from './store.ts';
import type { TokenKeys } from './token-keys.ts';

/** What a presented text is as an access token. Without a format, it has the form of none. */
export interface PresentedToken extends TokenExplanation {
  readonly format?: AccessTokenFormatName;
}

/** Recognises the format of a text, and lets the format explain it with the keys and the table that are at hand. */
export async function inspectToken(text: string, keys: TokenKeys, store: Store | undefined): Promise<PresentedToken> {
  const { value: format, ...unrecognised } = await tryToOpen(() => formatOf(text));
  if (!format) return { isVerified: false, ...unrecognised };
  const explanation = await explanations[format].explain(text, {
    ...keys,
    inspectHandle: (handle) => inspectHandle(handle, keys),
    findReferenceToken: store?.referenceTokens.find,
  });
  return { format, ...explanation };
}

/** What was pasted along with a token, as a predicate of "it". Undefined when the text without it would not be a token either. */
export function pastedAlong(text: string): string | undefined {
  const [, scheme = '', token = '', dot = ''] =
    /^((?:authorization: *)?bearer +)?(\S*[^\s.])?(\.?)$/is.exec(text) ?? [];
  if ((scheme || dot) === '' || !looksLikeToken(token)) return undefined;
  const parts = [scheme && `begins with "${scheme.trim()}"`, dot && 'ends with a dot'].filter(Boolean);
  return `${parts.join(' and ')}, which is not part of the token: cut that off`;
}

function looksLikeToken(text: string): boolean {
  if (readUnverifiedHandle(text)?.content) return true;
  const segments = text.split('.');
  return [3, 5].includes(segments.length) && segments.every((segment, index) => segment !== '' || index === 1);
}
