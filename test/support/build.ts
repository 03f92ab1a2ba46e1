import { buildFunctions } from '../../infra/build.mjs';

/** The tests that run bundles run those of the sources at hand. */
export default buildFunctions;
