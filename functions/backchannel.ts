import { type BackchannelContext, backchannel } from '../lib/jobs/backchannel.ts';
import { createJobHandler } from '../lib/jobs/job.ts';
import { createClientFinder } from '../lib/store/client.ts';
import { createFoundationWithTable } from '../lib/wiring/foundation.ts';
import { signers } from '../lib/wiring/keys.ts';
import { notifyingContext } from '../lib/wiring/notifying.ts';

export const compose = (base = createFoundationWithTable()): BackchannelContext => ({
  ...notifyingContext(base),
  log: base.log,
  clock: base.clock,
  issuer: base.issuer,
  signers: signers(base),
  findClient: createClientFinder(base.table),
});

export const handler = createJobHandler(backchannel, compose);
