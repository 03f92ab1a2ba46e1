import type { Command } from 'commander';
import type { KeyOrigin, RegisteredKey } from '../../lib/key-registry/registry.ts';
import { activatableFrom, type KeyPolicy, withdrawableFrom } from '../../lib/key-registry/transitions.ts';
import { time } from './output.ts';
import * as parse from './parse.ts';

// What the commands on keys have in common: how they name one, and what they say of it.

export const KID = ['<kid>', 'which: see latchkey keys list', parse.knownId] as const;

export const POLICY_HELP =
  '\nSet JWKS_CACHE_SECONDS, ACCESS_TOKEN_MAX_LIFETIME_SECONDS and ID_TOKEN_LIFETIME_SECONDS as they are deployed, if that\nis not the default.\n';

export const withForce = (command: Command, consequence: string) =>
  command.option('--force', `do not wait until it is safe: ${consequence}`);

/** What is shown of a key: all but the two halves of it. */
export interface KeyView extends Omit<RegisteredKey, 'jwk' | 'origin'> {
  readonly origin: KeyOrigin['type'];
  readonly kms_key?: string;
  /** The gates: when it may sign, and when it may go. */
  readonly activatable_at?: number;
  readonly withdrawable_at?: number;
}

export function keyView(key: RegisteredKey, policy: KeyPolicy): KeyView {
  const { jwk: _, origin, ...shown } = key;
  return {
    ...shown,
    origin: origin.type,
    ...(origin.type !== 'environment' && { kms_key: origin.key_id }),
    ...(key.status === 'next' && { activatable_at: activatableFrom(key, policy) }),
    ...(key.status === 'retiring' && { withdrawable_at: withdrawableFrom(key, policy) }),
  };
}

/** What a key does that signs before everybody can know it. */
export function warnOfGate(key: RegisteredKey, policy: KeyPolicy, note: (text: string) => void): void {
  const { kid, activated_at = 0 } = key;
  const safe = activatableFrom(key, policy);
  if (activated_at >= safe) return;
  note(
    `Warning: ${kid} signs before every verifier has it. Those that keep the key set for longer may refuse its tokens until ${time(safe)}.`,
  );
}
