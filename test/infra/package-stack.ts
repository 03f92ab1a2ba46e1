// Packages the stack as `serverless package` does, but apart from everything: in a copy of the service (osls writes its
// zips to .serverless of the directory it runs in, so two runs would disturb each other), with no AWS variables, no
// home directory, and with a socket that refuses to connect, so that "no network" is a fact and not an assumption.
import { execFile } from 'node:child_process';
import { access, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { functions, functionsOf, type Template } from './template-rules.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const noNetwork =
  'import net from "node:net"; net.Socket.prototype.connect = () => { throw new Error("packaging used the network"); };';

export interface Stack {
  stage: string;
  template: Template;
  /** The packaged template as written, for tools that read it. */
  templateFile: string;
  /** Function name -> the names of the files in its zip. */
  zips: Record<string, string[]>;
}

/** A copy of what is packaged, with files beside it that must not be. */
export async function copyService(): Promise<string> {
  const bundles = Object.keys(functions).map((name) => access(join(root, 'dist', name, 'index.cjs')));
  await Promise.all(bundles).catch(() => run(process.execPath, ['infra/build.mjs'], { cwd: root }));

  const service = await mkdtemp(join(tmpdir(), 'latchkey-package-'));
  for (const part of ['serverless.yml', 'package.json', 'infra/resources', 'dist']) {
    await cp(join(root, part), join(service, part), { recursive: true });
  }
  await mkdir(join(service, 'lib'));
  for (const decoy of ['.env', 'lib/secret.ts', 'dist/stray.txt']) await writeFile(join(service, decoy), 'no\n');
  return service;
}

export async function packageStack(service: string, stage: string, params: string[] = []): Promise<Stack> {
  const copy = `${service}-${stage}`;
  await cp(service, copy, { recursive: true });
  try {
    const options = ['--stage', stage, '--package', join(service, stage), ...params.flatMap((it) => ['--param', it])];
    const osls = join(root, 'node_modules/serverless/bin/serverless.js');
    await run(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(noNetwork)}`, osls, 'package', ...options],
      { cwd: copy, env: { PATH: process.env['PATH'], HOME: copy, AWS_EC2_METADATA_DISABLED: 'true' } },
    );
  } finally {
    await rm(copy, { recursive: true });
  }
  const templateFile = join(service, stage, 'cloudformation-template-update-stack.json');
  const zips = functionsOf(stage).map(async (name) => {
    return [name, namesInZip(await readFile(join(service, stage, `${name}.zip`)))] as const;
  });
  return {
    stage,
    template: JSON.parse(await readFile(templateFile, 'utf8')) as Template,
    templateFile,
    zips: Object.fromEntries(await Promise.all(zips)),
  };
}

/** The names in a zip's central directory, which is what Lambda unpacks. */
function namesInZip(zip: Buffer): string[] {
  const end = zip.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  const names: string[] = [];
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const length = zip.readUInt16LE(at + 28);
    names.push(zip.toString('utf8', at + 46, at + 46 + length));
    at += 46 + length + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return names;
}
