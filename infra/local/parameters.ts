import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../problem.ts';

/** Parameters of serverless.yml, by name. */
export type Parameters = Readonly<Record<string, string>>;

/** Parameters that `npm start` sets through an option of its own, together with what depends on them. */
const ownOptions = new Map([
  ['issuer', '--issuer'],
  ['keys', '--keys'],
  ['signing-kms-keys', '--keys kms'],
  ['handle-kms-keys', '--keys kms'],
  ['wrapping-kms-key', '--keys wrapped'],
]);

/** @throws Problem for a text that is not NAME=VALUE */
export function parseParameters(texts: readonly string[]): Parameters {
  const names = texts.map((text) => text.split('=')[0] ?? '');
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new Problem(`--param ${twice} is given twice`);
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new Problem(`--param ${text}: write NAME=VALUE, as in token-lifetime=600`);
      const name = text.slice(0, at);
      const option = ownOptions.get(name);
      if (option !== undefined) throw new Problem(`--param ${name}: use ${option} instead`);
      return [name, text.slice(at + 1)];
    }),
  );
}

/** @throws Problem for an unknown parameter, with the list of known ones */
export async function checkParameters(root: string, parameters: Parameters): Promise<void> {
  const given = Object.keys(parameters);
  if (given.length === 0) return;
  // Loaded only when there are parameters, as the parser slows down the start.
  const [{ parse }, { customTags }] = await Promise.all([import('yaml'), import('./deployed-table.ts')]);
  const { params } = parse(readFileSync(join(root, 'serverless.yml'), 'utf8'), { customTags }) as {
    params: { default: Record<string, unknown> };
  };
  const known = Object.keys(params.default);
  const unknown = given.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const settable = known.filter((name) => !ownOptions.has(name));
  throw new Problem(`--param ${unknown}: there is no such parameter; use one of ${settable.join(', ')}`);
}
