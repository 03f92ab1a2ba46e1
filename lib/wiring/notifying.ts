import { createLease } from '../store/lease.ts';
import { createLogoutDeliveryStore } from '../store/logout-delivery.ts';
import { createSessionStore } from '../store/session.ts';
import { createSignOutStore } from '../store/sign-out.ts';
import type { FoundationWithTable } from './foundation.ts';

export const notifyingContext = ({ table }: FoundationWithTable) => ({
  lease: createLease(table, 'backchannel'),
  signOuts: createSignOutStore(table),
  sessions: createSessionStore(table),
  deliveries: createLogoutDeliveryStore(table),
});
