import { schedule } from '../lib/jobs/job.ts';
import { type RotationContext, rotation } from '../lib/jobs/rotation.ts';
import { createFoundationWithTable } from '../lib/wiring/foundation.ts';
import { keyRotation } from '../lib/wiring/key-rotation.ts';

export const compose = (base = createFoundationWithTable()): RotationContext => keyRotation(base);

export const handler = schedule(rotation, compose);
