import { extensions } from '../extensions.ts';
import { createSealingKeys } from '../keys/sealing-key.ts';
import { createAttemptStore } from '../store/attempt.ts';
import { createEpochStore } from '../store/epoch.ts';
import { createReferenceTokenStore } from '../store/reference-token.ts';
import { createUserStore } from '../store/user.ts';
import { type AttemptOrigin, authenticateUser } from '../users/authenticate-user.ts';
import { describeSubject } from '../users/subject.ts';
import { resourceServerFinder } from './clients.ts';
import type { FoundationWithTable } from './foundation.ts';
import { signers } from './keys.ts';
import { revokingContext } from './revoking.ts';

export function issuingContext(base: FoundationWithTable) {
  const { config, clock, issuer, table } = base;
  const users = createUserStore(table);
  const attempts = createAttemptStore(table);
  const findUser = users.find;
  return {
    ...revokingContext(base),
    signers: signers(base),
    sealingKeys: createSealingKeys(issuer, config.find('SEALING_KEYS') ?? []),
    referenceTokens: createReferenceTokenStore(table),
    defaultLifetime: config.get('ACCESS_TOKEN_LIFETIME_SECONDS'),
    idTokenLifetime: config.get('ID_TOKEN_LIFETIME_SECONDS'),
    refreshTokenLifetime: config.get('REFRESH_TOKEN_LIFETIME_SECONDS'),
    refreshTokenIdleLifetime: config.get('REFRESH_TOKEN_IDLE_LIFETIME_SECONDS'),
    epochs: createEpochStore(table),
    extensions,
    findUser,
    findResourceServer: resourceServerFinder(base),
    describeSubject: (grant: Parameters<typeof describeSubject>[0]) => describeSubject(grant, { extensions, findUser }),
    authenticateUser: (username: string, password: string, origin: AttemptOrigin) =>
      authenticateUser(username, password, origin, { clock, extensions, users, attempts }),
  };
}
