import { fileURLToPath } from 'node:url';
import { buildFunctions } from '../../infra/build.mjs';
import { packagedTemplate } from '../../infra/local/packaged-template.ts';

/** The tests that run bundles run those of the sources at hand, and local stacks that start at once share one package. */
export default async () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  await Promise.all([buildFunctions(), packagedTemplate(root, '')]);
};
