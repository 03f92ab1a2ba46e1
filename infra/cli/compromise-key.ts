import { Command } from 'commander';
import {
  activeKeys,
  KEY_REFRESH_SECONDS,
  type KeyRegistry,
  type NewKey,
  type RegisteredKey,
} from '../../lib/key-registry/registry.ts';
import { addKey, compromiseKey, type KeyPolicy, oldestNext } from '../../lib/key-registry/transitions.ts';
import { type Revocation, revokeAll } from '../../lib/oauth/revocation.ts';
import { addRevocation } from './add-revocation.ts';
import { examples, onTable, withYes } from './command.ts';
import { IN_FLIGHT_SECONDS } from './disable-client.ts';
import type { Io } from './io.ts';
import { changeRegistry, findRegistry, keyIn, keyPolicyFrom } from './key-registry.ts';
import { KID, keyView, POLICY_HELP, warnOfGate } from './key-view.ts';
import { makeWrappedKey, wrappingKeyFrom } from './new-key.ts';
import { duration, fields } from './output.ts';
import * as parse from './parse.ts';
import { Problem } from './problem.ts';
import type { Store } from './store.ts';

interface CompromiseOptions {
  readonly replaceWith?: string;
  readonly wrappingKey?: string;
}

/** `latchkey keys compromise`. */
export const compromiseCommand = (io: Io) =>
  onTable<CompromiseOptions>(
    withYes(new Command('compromise'))
      .description('End a key that somebody else has, and every token that it signed. Can be repeated.')
      .argument(...KID)
      .option(
        '--replace-with <kid>',
        'the key that takes over (default: the oldest that waits, else a new one)',
        parse.knownId,
      )
      .option(
        '--wrapping-key <key>',
        'the KMS key that wraps a new one (default: WRAPPING_KMS_KEY, or its own)',
        parse.knownId,
      )
      .addHelpText('after', COMPROMISE_HELP),
    io,
    async ({ io: { env }, out, open, confirm }, { replaceWith, wrappingKey }, kid = '') => {
      const policy = keyPolicyFrom(env);
      const store = await open();
      keyIn(await findRegistry(store), kid);
      await confirm(`key ${kid} and every token that it signed, in ${store.where}`);
      const startedAt = performance.now();
      const make = async ({ alg, origin }: RegisteredKey) => {
        const own = origin.type === 'wrapped' ? (wrappingKeyFrom(undefined, store, env) ?? origin.key_id) : undefined;
        const by = wrappingKey ?? own;
        if (by === undefined) throw new Problem(`it is no wrapped key, and no --wrapping-key is given`);
        return makeWrappedKey(store, env, alg, by);
      };
      const outcome = await endKey(store, kid, { policy, replacement: replaceWith, make });
      const took_ms = Math.round(performance.now() - startedAt);
      const { key, revocation, signing } = outcome;
      const view = keyView(key, policy);
      out.result(
        { ...view, revocation, signing: signing.map((each) => each.kid), took_ms },
        fields({
          ...view,
          'signs now': signing.map((each) => `${each.kid} (${each.alg})`).join(', ') || 'nothing',
          took: `${took_ms} ms`,
        }),
      );
      for (const line of remarks(outcome, policy)) out.note(line);
      for (const each of signing) if (each.alg === key.alg) warnOfGate(each, policy, out.note);
    },
  );

function remarks({ key, signing, notMade }: Compromise, { jwksCache }: KeyPolicy): string[] {
  const replaced = signing.some(({ alg }) => alg === key.alg);
  const makeOne = 'make one and activate it: latchkey keys add, latchkey keys activate --force';
  return [
    'Its tokens are refused from now on; how soon an API asks is set by its REVOCATION_MAX_AGE_SECONDS.',
    `Containers may sign with it for up to ${KEY_REFRESH_SECONDS} s. What they sign is refused as well.`,
    `A verifier that knows the key set and nothing of revocation may accept it for ${duration(jwksCache)} (JWKS_CACHE_SECONDS).`,
    ...(notMade === undefined ? [] : [`There is no new key in its place: ${notMade}`]),
    ...(signing.length === 0 ? [`Nothing signs: POST /token answers 503 until there is a key; ${makeOne}`] : []),
    ...(signing.length > 0 && !replaced ? [`Nothing signs by ${key.alg} now; ${makeOne}`] : []),
  ];
}

const COMPROMISE_HELP = `
First its tokens are put on the revocation list, then it is taken out of the key set; another key signs in its place
without waiting until every verifier has it. A new one is made where none waits and the old one was wrapped: for the
issuer in ISSUER, or that of the local stack.
${POLICY_HELP}${examples(
  'latchkey keys compromise 7w2fZ0k4nQ --stage prod --yes',
  'latchkey keys compromise 7w2fZ0k4nQ --replace-with x9Jd0q4TtA --stage prod',
)}`;

interface Compromise {
  readonly key: RegisteredKey;
  readonly revocation: Revocation;
  /** The keys that sign from now on. */
  readonly signing: readonly RegisteredKey[];
  /** Why there is no new key, where one was wanted. */
  readonly notMade: string | undefined;
}

interface Options {
  readonly policy: KeyPolicy;
  /** `kid` of the key that takes over; else the oldest that waits, else a new one. */
  readonly replacement: string | undefined;
  /** Makes one that takes the place of this. */
  make(key: RegisteredKey): Promise<NewKey>;
}

/**
 * Ends a key and all that it signed. First the tokens: an entry of the revocation list is refused by from the next request
 * on, while containers know of a change of the registry only within a minute. Repeating it makes good what was missed.
 * @throws Problem that says what happened, when only the first write succeeded
 */
async function endKey(store: Store, kid: string, { policy, replacement, make }: Options): Promise<Compromise> {
  const registry = await findRegistry(store);
  const key = keyIn(registry, kid);
  if (replacement !== undefined && key.compromised_at === undefined) requireNext(registry, replacement);

  // What containers sign that have not heard of it yet is covered, and so is the entry kept.
  const delay = KEY_REFRESH_SECONDS + IN_FLIGHT_SECONDS;
  const entry = revokeAll('key', kid, { now: store.clock(), lifetime: policy.maxLifetime, delay });
  const revocation = await addRevocation(store.revocations, entry);
  try {
    const isMissed = key.status === 'active' && replacement === undefined && !oldestNext(registry, key.alg);
    const made = isMissed ? await settled(make(key)) : undefined;
    const now = store.clock();
    const changed = await changeRegistry(store, (found) => {
      if (keyIn(found, kid).compromised_at !== undefined) return found;
      const withMade = made?.value && keyIn(found, kid).status === 'active' ? addKey(found, made.value, now) : found;
      return compromiseKey(withMade, kid, { now, replacement }).registry;
    });
    return { key: keyIn(changed, kid), revocation, signing: activeKeys(changed), notMade: made?.problem };
  } catch (error) {
    throw new Problem(
      `the tokens of key ${kid} are refused, but it is still in use: ${(error as Error).message}; run the same command again`,
    );
  }
}

function requireNext(registry: KeyRegistry, kid: string): void {
  const { status } = keyIn(registry, kid);
  if (status !== 'next') throw new Problem(`key ${kid} cannot take over: it is ${status}; nothing was done`);
}

/** A key that cannot be made is no reason to let one go on that somebody else has. */
async function settled<Value>(making: Promise<Value>): Promise<{ value?: Value; problem?: string }> {
  try {
    return { value: await making };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}
