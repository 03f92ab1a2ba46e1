// The check that every program of this project makes first. It must run on versions of Node.js that are too old, and without
// packages. Therefore this file, and programs that import it statically, use only built-in modules and no recent syntax.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { resolve } = createRequire(import.meta.url);

/**
 * Says in one sentence why a program cannot run here; undefined if it can.
 * @param {readonly string[]} packages the packages that the program imports
 * @param {string} version the version of Node.js
 */
export function missingRequirement(packages, version = process.versions.node) {
  const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const needed = engines.node.replace('>=', '');
  if (isOlder(version, needed))
    return `this is Node.js ${version}, but ${needed} or later is needed: install a later version`;
  const missing = packages.find((name) => !isInstalled(name));
  if (missing !== undefined) return `the package ${missing} is not installed: run npm ci in ${root} first`;
  return undefined;
}

/**
 * Prints that sentence and exits if the program cannot run here.
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

// As a program, for scripts of package.json: `node infra/require-node.mjs PACKAGE ...`
if (process.argv[1] === fileURLToPath(import.meta.url)) requireNode(process.argv.slice(2));
