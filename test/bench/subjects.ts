import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { options } from '../../infra/build.mjs';
import type { Figure } from './figure.ts';
import type { Effort } from './measure.ts';

/** What is measured inside one process. Each name is that of a file, which exports `measure(effort)`. */
export const subjects = {
  verify: 'JWT verification',
  authorizer: 'authorizer (HTTP API, simple answer, 1,000 revocations)',
  sign: 'JWT signature',
  'client-credentials': 'token endpoint (client cached)',
  authorize: 'authorization endpoint (client cached, store stubbed)',
  redeem: 'redemption of a code (client cached, store stubbed)',
  refresh: 'refresh (client cached, store stubbed)',
  'introspection-and-revocation': 'introspection and revocation (caller cached)',
  formats: 'encrypting by format, against jwt (client cached, store stubbed)',
} as const;

export type SubjectName = keyof typeof subjects;

export const subjectNames = Object.keys(subjects) as SubjectName[];

/** Bundles the subjects as functions are bundled for Lambda, because a loader of TypeScript adds to every call. */
export async function bundleSubjects(directory: string, names: readonly SubjectName[] = subjectNames): Promise<void> {
  const entryPoints = names.map((name) => fileURLToPath(new URL(`${name}.ts`, import.meta.url)));
  await build({ ...options, plugins: [], entryPoints, outdir: directory, write: true, logLevel: 'error' });
}

/** Loads the bundle of a subject, measures it, and prints its figures. */
const MEASURE = `require(process.argv[1]).measure(JSON.parse(process.argv[2]))
  .then((figures) => process.stdout.write(JSON.stringify(figures), () => process.exit()))`;

/** Measures a bundled subject in a process of its own, so that no other subject warms up or spoils its code. */
export async function measureSubject(directory: string, name: SubjectName, effort: Effort): Promise<Figure[]> {
  const args = ['-e', MEASURE, join(directory, `${name}.cjs`), JSON.stringify(effort)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Figure[];
}
