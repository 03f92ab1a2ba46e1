// What every program of this project checks before it loads anything else. It has to run on the Node that is too old and
// without any package, so: nothing but built-in modules, no newer syntax, and no static import of a package beside it.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { resolve } = createRequire(import.meta.url);

/**
 * Why a program cannot run here, in one sentence; undefined if it can.
 * @param {readonly string[]} packages it imports
 * @param {string} version of Node
 */
export function missingRequirement(packages, version = process.versions.node) {
  const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const needed = engines.node.replace('>=', '');
  if (isOlder(version, needed)) return `Node.js ${needed} or newer is needed, and this is ${version}`;
  const missing = packages.find((name) => !isInstalled(name));
  if (missing !== undefined) return `the package ${missing} is not installed; run npm ci in ${root} first`;
  return undefined;
}

/**
 * Ends the process with that sentence if it cannot run here.
 * @param {readonly string[]} packages
 */
export function requireNode(packages) {
  const problem = missingRequirement(packages);
  if (problem === undefined) return;
  process.stderr.write(`latchkey: ${problem}\n`);
  process.exit(1);
}

/**
 * @param {string} version
 * @param {string} needed
 */
function isOlder(version, needed) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [neededMajor = 0, neededMinor = 0] = needed.split('.').map(Number);
  return major < neededMajor || (major === neededMajor && minor < neededMinor);
}

/** @param {string} name */
function isInstalled(name) {
  try {
    resolve(name);
    return true;
  } catch {
    return false;
  }
}
