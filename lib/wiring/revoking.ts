import { createRevocationList } from '../revocation/list.ts';
import { createGrantStore } from '../store/grant.ts';
import { createRevocationStore } from '../store/revocation.ts';
import type { FoundationWithTable } from './foundation.ts';

export function revokingContext(base: FoundationWithTable) {
  const { config, clock, log, issuer, table } = base;
  return {
    log,
    clock,
    issuer,
    maxLifetime: config.get('ACCESS_TOKEN_MAX_LIFETIME_SECONDS'),
    grants: createGrantStore(table),
    revocations: createRevocationList(createRevocationStore(table), clock),
  };
}
