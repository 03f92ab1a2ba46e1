import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageStack, templateFile } from '../../infra/package-stack.ts';
import { functions, functionsOf, type Template } from './template-rules.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A bundle that is loaded later, and files that must not be packaged. */
const files = [
  ...Object.keys(functions).map((name) => `dist/${name}/later.cjs`),
  '.env',
  'lib/secret.ts',
  'dist/stray.txt',
];

export interface Stack {
  readonly template: Template;
  /** The packaged template as written, for tools that read it. */
  readonly templateFile: string;
  /** Function name -> the names of the files in its zip. */
  readonly zips: Readonly<Record<string, string[]>>;
}

/** The packaged stack, made next to files that must not be in it. */
export async function readStack(stage: string, parameters: Readonly<Record<string, string>> = {}): Promise<Stack> {
  const directory = await packageStack({ root, stage, parameters, files });
  const file = join(directory, templateFile);
  const zips = functionsOf(stage).map((name): [string, string[]] => [
    name,
    namesInZip(readFileSync(join(directory, `${name}.zip`))),
  ]);
  return {
    template: JSON.parse(readFileSync(file, 'utf8')) as Template,
    templateFile: file,
    zips: Object.fromEntries(zips),
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
