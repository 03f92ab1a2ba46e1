// `npm run release -- X.Y.Z`: makes the working tree a release. Keeps a fixture of the version's world, sets the version,
// dates the section of the changelog, commits, and tags. It pushes nothing.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const UNRELEASED = '## [Unreleased]\n';

/** What the person at the keyboard can put right: shown as one line. */
class Refusal extends Error {}

/** @param {string[]} args */
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();

/** @param {string} file */
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** @param {string} file @param {unknown} value */
const writeJson = (file, value) => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);

/** @param {string} version @param {string} last */
function isAbove(version, last) {
  const [ours, theirs] = [version, last].map((text) => text.split('.').map(Number));
  const at = ours?.findIndex((number, index) => number !== theirs?.[index]) ?? -1;
  return at >= 0 && Number(ours?.[at]) > Number(theirs?.[at]);
}

/** The changelog with what is unreleased as a section of the version. @param {string} changelog @param {string} version */
function dated(changelog, version) {
  const [before = '', after] = changelog.split(UNRELEASED);
  const [changes = ''] = after?.split(/^## /m) ?? [];
  if (!/^- /m.test(changes)) throw new Refusal('CHANGELOG.md has nothing under "Unreleased"');
  const date = new Date().toISOString().slice(0, 10);
  return `${before}${UNRELEASED}\n## [${version}] - ${date}\n${after}`;
}

/** @param {string | undefined} version */
function release(version) {
  if (!version || !/^(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}$/.test(version)) {
    throw new Refusal('say which version to release, as in: npm run release -- 1.2.3');
  }
  const [manifest, lock] = [readJson('package.json'), readJson('package-lock.json')];
  if (!isAbove(version, manifest.version)) {
    throw new Refusal(`${version} is not above ${manifest.version}, the version before`);
  }
  const tag = `v${version}`;
  if (git('tag', '--list', tag) !== '') throw new Refusal(`there is a tag ${tag} already`);
  if (git('status', '--porcelain') !== '') throw new Refusal('the working tree has changes that are not committed');
  const changelog = dated(readFileSync('CHANGELOG.md', 'utf8'), version);

  // Tests of all later versions read it, so it must be made by the code that is released.
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
  if (!(error instanceof Refusal)) throw error;
  console.error(`release: ${error.message}`);
  process.exitCode = 1;
}
