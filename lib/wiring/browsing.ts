import { createSessionStore } from '../store/session.ts';
import { createSignOutStore } from '../store/sign-out.ts';
import { idTokenKind } from '../tokens/jwt-kind.ts';
import { clientFinder } from './clients.ts';
import type { FoundationWithTable } from './foundation.ts';
import { jwtVerification } from './keys.ts';

export function browsingContext(base: FoundationWithTable) {
  const { config, table } = base;
  const logo_uri = config.find('SERVICE_LOGO_URI');
  return {
    service: { name: config.get('SERVICE_NAME'), ...(logo_uri !== undefined && { logo_uri }) },
    verifyIdToken: jwtVerification(idTokenKind, base).verifyJwt,
    findClient: clientFinder(base),
    sessions: createSessionStore(table),
    signOuts: createSignOutStore(table),
  };
}
