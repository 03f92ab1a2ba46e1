import type { AccessTokenFormatName } from '../../lib/oauth/access-token.ts';
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
