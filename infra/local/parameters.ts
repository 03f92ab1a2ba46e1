import { type Parameters, parameters } from '../parameters.ts';
import { Problem } from '../problem.ts';

/** Parameters that `npm start` sets through an option of its own, together with what depends on them. */
const ownOptions = new Map([
  ['issuer', '--issuer'],
  ['audience', '--audience'],
  ['keys', '--keys'],
  ['signing-kms-keys', '--keys kms'],
  ['reference-token-kms-keys', '--keys kms'],
  ['grant-kms-keys', '--keys kms'],
  ['session-kms-keys', '--keys kms'],
  ['handle-kms-keys', '--keys kms'],
  ['wrapping-kms-key', '--keys wrapped'],
  ['registry-kms-key', '--keys wrapped'],
  ['registry-keys', '--keys wrapped'],
]);

/** @throws Problem for a text that is not NAME=VALUE, and for a parameter that does not exist or has an option of its own */
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
      if (!Object.hasOwn(parameters, name)) {
        const settable = Object.keys(parameters).filter((known) => !ownOptions.has(known));
        throw new Problem(`--param ${name}: there is no such parameter; use one of ${settable.join(', ')}`);
      }
      return [name, text.slice(at + 1)];
    }),
  );
}
