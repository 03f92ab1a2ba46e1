import { rotationContext } from '../lib/compose.ts';
import { schedule } from '../lib/jobs/job.ts';
import { rotation } from '../lib/jobs/rotation.ts';

export const handler = schedule(rotation, () => rotationContext());
