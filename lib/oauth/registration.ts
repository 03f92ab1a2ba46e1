import type { AccessTokenFormatName } from './access-token.ts';

/** What a record depends on outside of itself, as far as it is known; undefined = not known. */
export interface Deployment {
  readonly issuer: string | undefined;
  /** The algorithms of the keys that sign. */
  readonly signingAlgorithms: readonly string[] | undefined;
  /** Whether there is a key that seals tokens. */
  readonly canSeal: boolean | undefined;
}

/** What is wrong with a record that somebody wants to register. */
export interface Finding<Code extends string = string> {
  readonly code: Code;
  /** `refused`: it cannot work, or nobody may have it. `doubtful`: it works at a risk, or it cannot be checked. */
  readonly verdict: 'refused' | 'doubtful';
  /** A clause without a full stop. */
  readonly text: string;
}

const found =
  (verdict: Finding['verdict']) =>
  <Code extends string>(code: Code, text: string): Finding<Code> => ({ code, verdict, text });

export const refused = found('refused');
export const doubtful = found('doubtful');

/** The findings of all rules. A rule returns undefined where it has nothing to say. */
export const findingsOf = <Code extends string>(
  ...findings: readonly (Finding<Code> | undefined)[]
): readonly Finding<Code>[] => findings.filter((finding) => finding !== undefined);

/** Whether the service can sign with an algorithm. @param alg undefined = any */
export function signingKeyFinding(alg: string | undefined, { signingAlgorithms }: Deployment) {
  if (alg === undefined || signingAlgorithms?.includes(alg)) return undefined;
  return signingAlgorithms === undefined
    ? doubtful('signing_key_unknown', `whether the service has a key that signs with ${alg} cannot be seen from here`)
    : refused('no_signing_key', `the service has no key that signs with ${alg}`);
}

/** Whether the service can make tokens in a format, as far as its own keys are concerned. */
export function sealingKeyFinding(format: AccessTokenFormatName | undefined, { canSeal }: Deployment) {
  if (format !== 'sealed' || canSeal) return undefined;
  return canSeal === undefined
    ? doubtful('sealing_key_unknown', 'whether the service has keys that seal tokens cannot be seen from here')
    : refused('no_sealing_key', 'the service has no key that seals tokens');
}
