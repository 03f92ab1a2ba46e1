import { Command } from 'commander';
import { LONGEST_REGISTRY_MAX_AGE_SECONDS } from '../../lib/config.ts';
import {
  activeKeys,
  KEY_REFRESH_SECONDS,
  type KeyRegistry,
  type NewKey,
  type RegisteredKey,
} from '../../lib/key-registry/registry.ts';
import { addKey, compromiseKey, type KeyPolicy, oldestNext } from '../../lib/key-registry/transitions.ts';
import { createRevocation, type Revocation } from '../../lib/oauth/revocation.ts';
import { IN_FLIGHT_SECONDS } from '../../lib/revocation/revoke-grant.ts';
import { Problem } from '../problem.ts';
import { addRevocation } from './add-revocation.ts';
import { examples, withTableAction, withYes } from './command.ts';
import { HOW_SOON } from './disable-client.ts';
import type { Io } from './io.ts';
import { changeRegistry, keyIn, keyPolicyFrom, type ManagedKeys, openKeys, requireRegistry } from './key-registry.ts';
import { KID, keyView, POLICY_HELP, warnOfEarlySigning } from './key-view.ts';
import { makeWrappedKey, wrappingKeyFrom } from './new-key.ts';
import { duration, fields } from './output.ts';
import * as parse from './parse.ts';
import { type RegistryKeyOptions, withRegistryKey } from './registry-key.ts';

interface CompromiseOptions extends RegistryKeyOptions {
  readonly replaceWith?: string;
  readonly wrappingKey?: string;
}

/** `latchkey keys compromise`. */
export const compromiseCommand = (io: Io) =>
  withTableAction<CompromiseOptions>(
    withRegistryKey(withYes(new Command('compromise')))
      .description('Withdraw a key that has leaked, and revoke every token that it signed. Safe to repeat.')
      .argument(...KID)
      .option(
        '--replace-with <kid>',
        'kid of the key that takes over (default: the oldest key that is waiting, else a new key)',
        parse.knownId,
      )
      .option(
        '--wrapping-key <key>',
        'KMS key that wraps a new key (default: WRAPPING_KMS_KEY, else the one that wraps the old key)',
        parse.knownId,
      )
      .addHelpText('after', COMPROMISE_HELP),
    io,
    async (context, { replaceWith, wrappingKey, ...options }, kid = '') => {
      const { io, out, confirm } = context;
      const { env } = io;
      const policy = keyPolicyFrom(env);
      const keys = await openKeys(context, options);
      const { store } = keys;
      keyIn((await requireRegistry(keys)).value, kid);
      await confirm(`withdraw key ${kid} and revoke every token that it signed, in ${store.where}`);
      const startedAt = performance.now();
      const make = async ({ alg, origin }: RegisteredKey) => {
        const own = origin.type === 'wrapped' ? (wrappingKeyFrom(undefined, store, env) ?? origin.key_id) : undefined;
        const by = wrappingKey ?? own;
        if (by === undefined) throw new Problem('the old key is not a wrapped key, and --wrapping-key is missing');
        return makeWrappedKey(store, env, alg, by);
      };
      const outcome = await revokeKey(keys, kid, {
        policy,
        replacement: replaceWith,
        make,
      });
      const took_ms = Math.round(performance.now() - startedAt);
      const { key, revocation, signing } = outcome;
      const view = keyView(key, policy);
      out.result(
        { ...view, revocation, signing: signing.map((each) => each.kid), took_ms },
        fields({
          ...view,
          'signing now': signing.map((each) => `${each.kid} (${each.alg})`).join(', ') || 'none',
          took: `${took_ms} ms`,
        }),
      );
      for (const line of remarks(outcome, policy)) out.note(line);
      for (const each of signing) if (each.alg === key.alg) warnOfEarlySigning(each, policy, out.note);
    },
  );

function remarks({ key, signing, notMade }: Compromise, { jwksCache }: KeyPolicy): string[] {
  const replaced = signing.some(({ alg }) => alg === key.alg);
  const addOne = 'add one with latchkey keys add, and activate it with latchkey keys activate --force';
  return [
    HOW_SOON,
    `Running containers may sign with the key for up to ${KEY_REFRESH_SECONDS} s more. Those tokens are refused as well.`,
    `A verifier that does not check revocation may accept its tokens for up to ${duration(jwksCache)} more (JWKS_CACHE_SECONDS).`,
    ...(notMade === undefined ? [] : [`No new key was made: ${notMade}`]),
    ...(signing.length === 0 ? [`No key signs now, so POST /token answers 503: ${addOne}`] : []),
    ...(signing.length > 0 && !replaced ? [`No key signs with ${key.alg} now: ${addOne}`] : []),
  ];
}

const COMPROMISE_HELP = `
The command first puts the tokens of the key on the revocation list, and then takes the key out of the key set. Another
key signs in its place at once, before every verifier has it. If no key is waiting and the old key was wrapped, a new key
is made, for the issuer in ISSUER or that of the local stack.
${POLICY_HELP}${examples(
  'latchkey keys compromise 7w2fZ0k4nQ --stage prod --yes',
  'latchkey keys compromise 7w2fZ0k4nQ --replace-with x9Jd0q4TtA --stage prod',
)}`;

interface Compromise {
  readonly key: RegisteredKey;
  readonly revocation: Revocation;
  /** The keys that sign from now on. */
  readonly signing: readonly RegisteredKey[];
  /** Why no new key could be made, if one was needed. */
  readonly notMade: string | undefined;
}

interface Options {
  readonly policy: KeyPolicy;
  /** `kid` of the key that takes over; undefined = the oldest key with status `next`, else a new one. */
  readonly replacement: string | undefined;
  /** Makes a key that replaces this one. */
  make(key: RegisteredKey): Promise<NewKey>;
}

/**
 * Revokes the tokens of a key, and then the key itself: the revocation list takes effect with the next request, while
 * containers see a change of the registry only within a minute. A second run completes what the first one could not.
 * @throws Problem that says what was done, when only the first write succeeded
 */
async function revokeKey(keys: ManagedKeys, kid: string, options: Options): Promise<Compromise> {
  const { policy, replacement, make } = options;
  const { store } = keys;
  const { value: registry } = await requireRegistry(keys);
  const key = keyIn(registry, kid);
  if (replacement !== undefined && key.compromised_at === undefined) requireNext(registry, replacement);

  // The entry also covers tokens signed by containers that have not seen the change of the registry yet, or that believe an
  // old registry, which somebody has put back: for how long is a setting of the deployment, which this shell need not know.
  const delay = KEY_REFRESH_SECONDS + IN_FLIGHT_SECONDS + LONGEST_REGISTRY_MAX_AGE_SECONDS;
  const entry = createRevocation('key', kid, { now: store.clock(), lifetime: policy.maxLifetime, delay });
  const revocation = await addRevocation(store.revocations, entry);
  try {
    const isMissed = key.status === 'active' && replacement === undefined && !oldestNext(registry, key.alg);
    const made = isMissed ? await tryToMake(make(key)) : undefined;
    const now = store.clock();
    const changed = await changeRegistry(keys, (found) => {
      if (keyIn(found, kid).compromised_at !== undefined) return found;
      const withMade = made?.value && keyIn(found, kid).status === 'active' ? addKey(found, made.value, now) : found;
      return compromiseKey(withMade, kid, { now, replacement }).registry;
    });
    return { key: keyIn(changed, kid), revocation, signing: activeKeys(changed), notMade: made?.problem };
  } catch (error) {
    throw new Problem(
      `the tokens of key ${kid} are refused, but the key is still in use: ${(error as Error).message}; run the same command again`,
    );
  }
}

function requireNext(registry: KeyRegistry, kid: string): void {
  const { status } = keyIn(registry, kid);
  if (status !== 'next') {
    throw new Problem(`key ${kid} cannot take over: its status is ${status} and must be next; nothing was done`);
  }
}

/** The leaked key must be withdrawn even if no new key can be made. */
async function tryToMake<Value>(making: Promise<Value>): Promise<{ value?: Value; problem?: string }> {
  try {
    return { value: await making };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}
