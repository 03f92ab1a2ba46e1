// `npm run release -- X.Y.Z`: turns the working tree into a release. Makes the fixture of the version, sets the version, dates
// the section of the changelog, commits and tags. Pushes nothing.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { requireNode } from './require-node.mjs';

requireNode(['tsx']);

const UNRELEASED = '## [Unreleased]\n';

/** An error that the user can correct, printed as one line. */
class Refusal extends Error {}

/** @param {string[]} args */
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();

/** @param {string} file */
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** @param {string} file @param {unknown} value */
const writeJson = (file, value) => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);

/** @param {string} version @param {string} last */
function isAbove(version, last) {
  const [numbers, lastNumbers] = [version, last].map((text) => text.split('.').map(Number));
  const at = numbers?.findIndex((number, index) => number !== lastNumbers?.[index]) ?? -1;
  return at >= 0 && Number(numbers?.[at]) > Number(lastNumbers?.[at]);
}

/** Moves the unreleased changes into a section of the version. @param {string} changelog @param {string} version */
function dated(changelog, version) {
  const [before = '', after] = changelog.split(UNRELEASED);
  const [changes = ''] = after?.split(/^## /m) ?? [];
  if (!/^- /m.test(changes))
    throw new Refusal('CHANGELOG.md has nothing under "Unreleased": say there what changes for users');
  const date = new Date().toISOString().slice(0, 10);
  return `${before}${UNRELEASED}\n## [${version}] - ${date}\n${after}`;
}

/** @param {string | undefined} version */
function release(version) {
  if (!version || !/^(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}$/.test(version)) {
    throw new Refusal('no version is given, or it is not like 1.2.3: run npm run release -- 1.2.3');
  }
  const [manifest, lock] = [readJson('package.json'), readJson('package-lock.json')];
  if (!isAbove(version, manifest.version)) {
    throw new Refusal(`version ${version} is not above the current version ${manifest.version}`);
  }
  const tag = `v${version}`;
  if (git('tag', '--list', tag) !== '') throw new Refusal(`the tag ${tag} already exists: choose another version`);
  if (git('status', '--porcelain') !== '')
    throw new Refusal('the working tree has uncommitted changes: commit them first');
  const changelog = dated(readFileSync('CHANGELOG.md', 'utf8'), version);

  // The tests of all later versions read this fixture, so the code of the release must make it.
  execFileSync('npm', ['run', '--silent', 'fixture', '--', version], { stdio: ['ignore', 'inherit', 'inherit'] });
  writeJson('package.json', { ...manifest, version });
  lock.version = version;
  lock.packages[''].version = version;
  writeJson('package-lock.json', lock);
  writeFileSync('CHANGELOG.md', changelog);
  git('add', '--all');
  git('commit', '--quiet', '--message', `Release ${version}`);
  git('tag', '--annotate', tag, '--message', `Release ${version}`);
  console.log(`Released ${version}. To publish it: git push --follow-tags`);
}

try {
  release(process.argv[2]);
} catch (error) {
  // A command that fails has printed why itself.
  const failed = /^Command failed: .*/.exec(/** @type {Error} */ (error).message)?.[0];
  if (!(error instanceof Refusal) && !failed) throw error;
  console.error(`release: ${failed ?? /** @type {Error} */ (error).message}`);
  process.exitCode = 1;
}
