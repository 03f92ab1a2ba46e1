import { backchannelContext } from '../lib/compose.ts';
import { createBackchannel } from '../lib/endpoints/backchannel.ts';

export const handler = createBackchannel(() => backchannelContext());
