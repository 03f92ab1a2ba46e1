// `npm start`: bundles the program at each start, because one bundle loads in half the time that many TypeScript files take
// through a loader.
import { requireNode } from '../require-node.mjs';
import { diskProblem } from './disk-problem.mjs';

requireNode(['esbuild', 'serverless', 'dynalite']);
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

// Imported only now, because this module imports packages.
const { bundleAndRun } = await import('./bundle.mjs');
try {
  await bundleAndRun(process.argv.slice(2));
} catch (error) {
  const problem = diskProblem(error);
  if (problem === undefined) throw error;
  process.stderr.write(`latchkey: ${problem}\n`);
  process.exit(1);
}
