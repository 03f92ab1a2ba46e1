import { type Handle, type HandleKind, readHandle } from '../../lib/oauth/handle.ts';
import { SECRET_PREFIX } from '../../lib/oauth/secret.ts';
import type { TokenKeys } from './token-keys.ts';

/** A text of ours by its prefix, and whether it is what it says. */
export interface PresentedHandle {
  readonly kind: HandleKind | 'client_secret';
  /** What it says that it holds; absent if it has not the right length. */
  readonly content?: Handle;
  /** Undefined where there is nothing to check it with. */
  readonly isOurs: boolean | undefined;
  /** What is wrong with it, to be read after "it". */
  readonly problem?: string;
}

/** What each is called in a sentence. */
export const handleNames: Readonly<Record<PresentedHandle['kind'], string>> = {
  reference_token: 'a reference token',
  code: 'an authorization code',
  refresh_token: 'a refresh token',
  session: 'the session of a browser, from its cookie',
  page: 'the hidden value of a form',
  client_secret: 'a secret of a client or resource server',
};

/** Looks at a text that begins as those that we make; undefined for any other. */
export function inspectHandle(
  text: string,
  { handles, handleKeyIds }: Pick<TokenKeys, 'handles' | 'handleKeyIds'>,
): PresentedHandle | undefined {
  if (text.startsWith(SECRET_PREFIX)) return { kind: 'client_secret', isOurs: undefined };
  const read = readHandle(text);
  if (!read) return undefined;
  const { kind, content } = read;
  const claim = `says by its prefix that it is ${handleNames[kind]}, but`;
  if (!content) return { ...read, isOurs: false, problem: `${claim} it is cut off or mistyped` };
  if (!handles) return { ...read, isOurs: undefined };
  if (handles.parse(kind, text)) return { ...read, isOurs: true };
  const problem = handleKeyIds.has(content.key)
    ? `${claim} its MAC is wrong: it is forged or mistyped, or another issuer made it`
    : `${claim} it was made with the handle key ${content.key}, which is not in HANDLE_KEYS`;
  return { ...read, isOurs: false, problem };
}

/** What ends it, where that is another command than the one it was given to. */
export function remedyFor({ kind, content }: Pick<PresentedHandle, 'kind' | 'content'>): string {
  if (kind === 'code' || kind === 'refresh_token') {
    return `it ends with its grant: latchkey grants revoke ${content?.id ?? 'ID'}`;
  }
  if (kind === 'session') return 'it ends with those of its user: latchkey user sign-out';
  if (kind === 'client_secret') return 'it ends by latchkey secret retire';
  return kind === 'reference_token' ? 'it ends by latchkey token revoke' : 'it ends by itself';
}
