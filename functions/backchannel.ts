import { type BackchannelContext, backchannel } from '../lib/jobs/backchannel.ts';
import { createJobHandler } from '../lib/jobs/job.ts';
import { createClientFinder } from '../lib/store/client.ts';
import { createLogoutDeliveryStore } from '../lib/store/logout-delivery.ts';
import { createFoundationWithTable } from '../lib/wiring/foundation.ts';
import { signers } from '../lib/wiring/keys.ts';

export const compose = (base = createFoundationWithTable()): BackchannelContext => ({
  log: base.log,
  clock: base.clock,
  issuer: base.issuer,
  signers: signers(base),
  deliveries: createLogoutDeliveryStore(base.table),
  findClient: createClientFinder(base.table),
});

export const handler = createJobHandler(backchannel, compose);
