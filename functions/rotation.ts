import { createJobHandler } from '../lib/jobs/job.ts';
import { type RotationContext, rotation } from '../lib/jobs/rotation.ts';
import { createFoundationWithTable } from '../lib/wiring/foundation.ts';
import { keyRotationContext } from '../lib/wiring/key-rotation.ts';

export const compose = (base = createFoundationWithTable()): RotationContext => keyRotationContext(base);

export const handler = createJobHandler(rotation, compose);
