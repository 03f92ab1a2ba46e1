import type { Command } from 'commander';
import type { KeyOrigin, RegisteredKey } from '../../lib/key-registry/registry.ts';
import { activatableFrom, type KeyPolicy, withdrawableFrom } from '../../lib/key-registry/transitions.ts';
import { jwkThumbprint } from '../../lib/keys/jwk.ts';
import { time } from './output.ts';
import * as parse from './parse.ts';

// Arguments, options and output that the commands for keys share.

export const KID = ['<kid>', 'kid of the key, from latchkey keys list', parse.knownId] as const;

export const POLICY_HELP =
  '\nIf the deployment overrides JWKS_CACHE_SECONDS, ACCESS_TOKEN_MAX_LIFETIME_SECONDS or ID_TOKEN_LIFETIME_SECONDS, set the\nsame values in the environment of this command.\n';

export const withForce = (command: Command, consequence: string) =>
  command.option('--force', `do not wait until it is safe: ${consequence}`);

/** What is shown of a key: everything but its public and private halves. */
export interface KeyView extends Omit<RegisteredKey, 'jwk' | 'origin'> {
  /** Of the public half. RFC 7638 */
  readonly thumbprint: string;
  readonly origin: KeyOrigin['type'];
  readonly kms_key?: string;
  /** The earliest times at which the key may sign, and at which it may be withdrawn. */
  readonly activatable_at?: number;
  readonly withdrawable_at?: number;
}

export function keyView(key: RegisteredKey, policy: KeyPolicy): KeyView {
  const { jwk, origin, ...shown } = key;
  return {
    ...shown,
    thumbprint: jwkThumbprint(jwk),
    origin: origin.type,
    ...(origin.type !== 'environment' && { kms_key: origin.key_id }),
    ...(key.status === 'next' && { activatable_at: activatableFrom(key, policy) }),
    ...(key.status === 'retiring' && { withdrawable_at: withdrawableFrom(key, policy) }),
  };
}

/** Warns if a key signs before every verifier can have it. */
export function warnOfEarlySigning(key: RegisteredKey, policy: KeyPolicy, note: (text: string) => void): void {
  const { kid, activated_at = 0 } = key;
  const safe = activatableFrom(key, policy);
  if (activated_at >= safe) return;
  note(
    `Warning: ${kid} signs before every verifier has it. Verifiers with an older copy of the key set may refuse its tokens until ${time(safe)}.`,
  );
}
