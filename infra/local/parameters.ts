import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../problem.ts';

/** By name: parameters of serverless.yml. */
export type Parameters = Readonly<Record<string, string>>;

/** Parameters that an option of `npm start` sets together with what has to go with them. */
const ownOptions = new Map([
  ['issuer', '--issuer'],
  ['keys', '--keys'],
  ['signing-kms-keys', '--keys kms'],
  ['handle-kms-keys', '--keys kms'],
  ['wrapping-kms-key', '--keys wrapped'],
]);

/** @throws Problem unless each is NAME=VALUE */
export function parseParameters(texts: readonly string[]): Parameters {
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

/** @throws Problem with the list of names for a parameter that serverless.yml does not have */
export async function checkParameters(root: string, parameters: Parameters): Promise<void> {
  const given = Object.keys(parameters);
  if (given.length === 0) return;
  // The parser is loaded for those who need it.
  const [{ parse }, { customTags }] = await Promise.all([import('yaml'), import('./deployed-table.ts')]);
  const { params } = parse(readFileSync(join(root, 'serverless.yml'), 'utf8'), { customTags }) as {
    params: { default: Record<string, unknown> };
  };
  const known = Object.keys(params.default);
  const unknown = given.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const settable = known.filter((name) => !ownOptions.has(name));
  throw new Problem(`--param ${unknown}: there is no such parameter; there are ${settable.join(', ')}`);
}
