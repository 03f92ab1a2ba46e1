import { createOpeningKeys, createSealingKeys, type OpeningKeys } from '../keys/sealing-key.ts';
import { createRevocationList } from '../revocation/list.ts';
import { createReferenceTokenStore } from '../store/reference-token.ts';
import { createRevocationStore } from '../store/revocation.ts';
import { accessTokenKind } from '../tokens/jwt-kind.ts';
import type { FoundationWithTable } from './foundation.ts';
import { jwtVerification } from './keys.ts';

export function verifyingContext(base: FoundationWithTable) {
  const { config, clock, log, issuer, table } = base;
  return {
    log,
    clock,
    issuer,
    clockSkew: config.get('CLOCK_SKEW_SECONDS'),
    maxLifetime: config.get('ACCESS_TOKEN_MAX_LIFETIME_SECONDS'),
    ...jwtVerification(accessTokenKind, base),
    decryptionKeys: new Map(config.find('DECRYPTION_KEYS')?.map((key) => [key.kid, key])),
    openingKeys: createSealingKeys(issuer, config.find('SEALING_KEYS') ?? []),
    referenceTokens: createReferenceTokenStore(table),
    revocations: createRevocationList(createRevocationStore(table), clock),
  };
}

/** It can be configured with only the opening keys of its audience. */
export function verifyingContextFor(audience: string, base: FoundationWithTable) {
  const context = verifyingContext(base);
  const own = createOpeningKeys(audience, base.config.find('OPENING_KEYS') ?? []);
  const find: OpeningKeys['find'] = (id, asked) => own.find(id, asked) ?? context.openingKeys.find(id, asked);
  return { ...context, audience, openingKeys: { find } };
}
