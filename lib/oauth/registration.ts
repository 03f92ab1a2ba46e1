import type { AccessTokenFormatName } from './access-token.ts';

export interface Deployment {
  readonly issuer: string | undefined;
  readonly signingAlgorithms: readonly string[] | undefined;
  readonly canSeal: boolean | undefined;
}

export interface Finding<Code extends string = string> {
  readonly code: Code;
  /** `refused`: it cannot work, or nobody may have it. `doubtful`: it works at a risk, or it cannot be checked. */
  readonly verdict: 'refused' | 'doubtful';
  readonly text: string;
}

const found =
  (verdict: Finding['verdict']) =>
  <Code extends string>(code: Code, text: string): Finding<Code> => ({ code, verdict, text });

export const refused = found('refused');
export const doubtful = found('doubtful');

export const findingsOf = <Code extends string>(
  ...findings: readonly (Finding<Code> | undefined)[]
): readonly Finding<Code>[] => findings.filter((finding) => finding !== undefined);

export function signingKeyFinding(alg: string | undefined, { signingAlgorithms }: Deployment) {
  if (alg === undefined || signingAlgorithms?.includes(alg)) return undefined;
  return signingAlgorithms === undefined
    ? doubtful('signing_key_unknown', `whether the service has a key that signs with ${alg} cannot be seen from here`)
    : refused('no_signing_key', `the service has no key that signs with ${alg}`);
}

export function sealingKeyFinding(format: AccessTokenFormatName | undefined, { canSeal }: Deployment) {
  if (format !== 'sealed' || canSeal) return undefined;
  return canSeal === undefined
    ? doubtful('sealing_key_unknown', 'whether the service has keys that seal tokens cannot be seen from here')
    : refused('no_sealing_key', 'the service has no key that seals tokens');
}
