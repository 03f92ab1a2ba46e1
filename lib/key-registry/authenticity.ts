import type { KeyObject } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { Unavailable } from '../oauth/errors.ts';
import type { SignedRegistry, StoredRegistry } from './registry.ts';
import { isSigned, isSignedBy } from './signature.ts';

/** Somebody else than key management may have written the registry. The message may be logged and shown. */
export class UntrustedRegistry extends Unavailable {
  readonly code: 'unsigned' | 'forged' | 'older' | 'expired' | 'revoked_key';

  constructor(code: UntrustedRegistry['code'], problem: string) {
    super('');
    this.name = 'UntrustedRegistry';
    this.code = code;
    this.message = `the key registry ${problem}`;
  }
}

/** Seconds after which somebody should look why the registry is not signed again: key management does so every hour. */
const OVERDUE_SECONDS = 86_400;

export interface RegistryTrust {
  readonly issuer: string;
  /** Ed25519, public; any of them may have signed. */
  readonly keys: readonly KeyObject[];
  /** Seconds for which a signature is believed. Then the registry may be an old one that was put back. */
  readonly maxAge: number;
}

/** @throws UntrustedRegistry */
export function requireSigned(registry: StoredRegistry, { issuer, keys }: RegistryTrust): SignedRegistry {
  if (!isSigned(registry)) throw new UntrustedRegistry('unsigned', 'is not signed');
  if (!isSignedBy(keys, issuer, registry)) throw new UntrustedRegistry('forged', 'has a wrong signature');
  return registry;
}

/**
 * Refuses an old registry that was put back, even if key management that did not know better has changed and signed it since.
 * @throws UntrustedRegistry
 */
export function requireSuccessor(found: SignedRegistry, known: SignedRegistry | undefined): void {
  if (!known || found.sequence > known.sequence) return;
  const isSame = found.sequence === known.sequence && isDeepStrictEqual(found.keys, known.keys);
  if (!isSame || found.signed_at < known.signed_at) throw new UntrustedRegistry('older', 'is not newer than before');
}

/** @returns seconds since the signature. @throws UntrustedRegistry */
export function requireUnexpired({ signed_at }: SignedRegistry, { maxAge }: RegistryTrust, now: number): number {
  const age = now - signed_at;
  if (age > maxAge) throw new UntrustedRegistry('expired', `was signed ${age} s ago`);
  return age;
}

/**
 * What a registry must be before a container believes it.
 * @param believed the one that the container believes; the same object if nothing has changed
 * @throws UntrustedRegistry
 */
export type RegistryCheck = (found: StoredRegistry, believed: StoredRegistry | undefined) => void;

export function createRegistryCheck(trust: RegistryTrust, clock: Clock, log: Pick<Log, 'warn'>): RegistryCheck {
  return (found, believed) => {
    const signed = found === believed ? (found as SignedRegistry) : requireSigned(found, trust);
    // What is believed was checked before.
    if (found !== believed) requireSuccessor(signed, believed as SignedRegistry | undefined);
    const age = requireUnexpired(signed, trust, clock());
    if (age > OVERDUE_SECONDS) log.warn('the key registry is not signed again', { seconds: age });
  };
}

/** As in version 0.1.0: whoever may write the item is believed. */
export const UNCHECKED: RegistryCheck = () => {};
