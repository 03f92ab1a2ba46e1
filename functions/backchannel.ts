import { backchannelContext } from '../lib/compose.ts';
import { backchannel } from '../lib/jobs/backchannel.ts';
import { schedule } from '../lib/jobs/job.ts';

export const handler = schedule(backchannel, () => backchannelContext());
