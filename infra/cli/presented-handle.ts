import { type HandleKind, readUnverifiedHandle } from '../../lib/oauth/handle.ts';
import { SECRET_PREFIX } from '../../lib/secrets/secret.ts';
import type { InspectedHandle } from '../../lib/tokens/explanation.ts';
import type { TokenKeys } from './token-keys.ts';

/** A text with a prefix of this service, and whether it is what the prefix claims. */
export interface PresentedHandle extends InspectedHandle {
  readonly kind: HandleKind | 'client_secret';
}

/** Names for messages. */
export const handleNames: Readonly<Record<PresentedHandle['kind'], string>> = {
  reference_token: 'a reference token',
  code: 'an authorization code',
  refresh_token: 'a refresh token',
  session: 'a browser session, from its cookie',
  page: 'a page token, from a hidden field of a form',
  client_secret: 'a secret of a client or resource server',
};

/** Inspects a text with a prefix of this service. @returns undefined for any other text */
export function inspectHandle(text: string, { handles }: Pick<TokenKeys, 'handles'>): PresentedHandle | undefined {
  if (text.startsWith(SECRET_PREFIX)) return { kind: 'client_secret', isAuthentic: undefined };
  const read = readUnverifiedHandle(text);
  if (!read) return undefined;
  const { kind, content } = read;
  const claim = `has the prefix of ${handleNames[kind]}, but`;
  if (!content) return { ...read, isAuthentic: false, problem: `${claim} is cut off or mistyped` };
  const known = handles.get(kind);
  if (!known) return { ...read, isAuthentic: undefined };
  if (known.handles.parse(text)) return { ...read, isAuthentic: true };
  const problem = known.keyIds.has(content.key)
    ? `${claim} a wrong MAC: it is forged or mistyped, or another issuer made it`
    : `${claim} was made with the handle key ${content.key}, which is not in ${known.where}`;
  return { ...read, isAuthentic: false, problem };
}

/** How to revoke it, as a main clause. */
export function remedyFor({ kind, content }: Pick<PresentedHandle, 'kind' | 'content'>): string {
  if (kind === 'code' || kind === 'refresh_token') {
    return `revoke its grant with latchkey grants revoke ${content?.id ?? 'ID'}`;
  }
  if (kind === 'session') return 'end all sessions of its user with latchkey user sign-out';
  if (kind === 'client_secret') return 'remove it with latchkey secret retire';
  return kind === 'reference_token' ? 'revoke it with latchkey token revoke' : 'it cannot be revoked and soon expires';
}
