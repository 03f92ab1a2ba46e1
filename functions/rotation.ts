import { rotationContext } from '../lib/compose.ts';
import { createRotation } from '../lib/endpoints/rotation.ts';

export const handler = createRotation(() => rotationContext());
