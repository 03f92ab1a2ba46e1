import { fileURLToPath } from 'node:url';
import { buildFunctions } from '../../infra/build.mjs';
import { packagedTemplate } from '../../infra/local/packaged-template.ts';

/** Builds before the tests: so tests run bundles of the current sources, and local stacks share one package. */
export default async () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  await Promise.all([buildFunctions(), packagedTemplate(root, '')]);
};
