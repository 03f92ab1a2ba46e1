import { isDeepStrictEqual } from 'node:util';
import { KeyError } from '../keys/jwk.ts';
import { keySigner, noKeyFor, type Signer, type Signers } from '../keys/signer.ts';
import type { SigningJwk, SigningKey } from '../keys/signing-key.ts';
import type { Kms } from '../kms/kms.ts';
import { createKmsSigner, getKmsKey } from '../kms/signers.ts';
import { unwrapKey } from '../kms/wrapped-key.ts';
import { type Lazy, lazy } from '../lazy.ts';
import { Unavailable } from '../oauth/errors.ts';
import type { RegistryCopy } from './copy.ts';
import { activeKeys, type KeyOrigin, type KeyRegistry, type RegisteredKey } from './registry.ts';

export interface KeySources {
  readonly issuer: string;
  readonly kms: Kms;
  readonly keys: readonly SigningKey[];
}

type Origin<Type extends KeyOrigin['type']> = Extract<KeyOrigin, { type: Type }>;
type Load<Type extends KeyOrigin['type']> = (
  key: RegisteredKey,
  origin: Origin<Type>,
  sources: KeySources,
) => Promise<Signer>;

const loaders: { readonly [Type in KeyOrigin['type']]: Load<Type> } = {
  async environment(key, _origin, { keys }) {
    const found = keys.find(({ kid }) => kid === key.kid);
    if (!found) throw new KeyError(JSON.stringify(key.kid), 'is not in SIGNING_KEYS');
    return keySigner(registered(key, found));
  },

  async kms(key, { key_id: id }, { kms }) {
    const found = await getKmsKey({ id, alg: key.alg, kid: key.kid }, kms);
    registered(key, found.key);
    return createKmsSigner(found, kms);
  },

  async wrapped(key, origin, { kms, issuer }) {
    return keySigner(registered(key, await unwrapKey(kms, issuer, key, origin)));
  },
};

/** The published key must verify what this key signs. @throws KeyError */
function registered<Found extends { readonly jwk: SigningJwk }>({ kid, jwk }: RegisteredKey, key: Found): Found {
  if (!isDeepStrictEqual(key.jwk, jwk)) throw new KeyError(JSON.stringify(kid), 'differs from the registered key');
  return key;
}

function load(key: RegisteredKey, sources: KeySources): Promise<Signer> {
  const loader = loaders[key.origin.type] as Load<KeyOrigin['type']>;
  return loader(key, key.origin as never, sources);
}

interface Loading {
  readonly key: RegisteredKey;
  readonly get: Lazy<Signer>;
}

/** A container loads each private half once, before its first signature. */
export function registrySigners(copy: RegistryCopy, sources: KeySources): Signers {
  let signers: readonly Loading[] = [];
  let current: KeyRegistry | undefined;

  /** A change of one key costs no call of KMS for the others. */
  const update = (registry: KeyRegistry) => {
    signers = activeKeys(registry).map(
      (key) => signers.find((known) => isSame(known.key, key)) ?? { key, get: lazy(() => load(key, sources)) },
    );
    current = registry;
  };

  const find = (alg: string) => signers.find(({ key }) => key.alg === alg);

  const getOf = (alg: string) => {
    const signer = find(alg);
    if (!signer) throw noKeyFor(alg);
    return signer;
  };

  const loadFrom = (registry: KeyRegistry, choose: (first: Loading) => Loading) => {
    if (registry !== current) update(registry);
    const [first] = signers;
    if (!first) throw new Unavailable('an active signing key');
    return choose(first).get();
  };

  const getChosen = (choose: (first: Loading) => Loading) => {
    const registry = copy.fresh();
    return registry instanceof Promise ? registry.then((fresh) => loadFrom(fresh, choose)) : loadFrom(registry, choose);
  };

  return {
    get: (alg) => getChosen((first) => (alg === undefined ? first : getOf(alg))),
    prefer: (alg) => getChosen((first) => find(alg) ?? first),
  };
}

const isSame = (one: RegisteredKey, other: RegisteredKey) =>
  isDeepStrictEqual([one.kid, one.alg, one.jwk, one.origin], [other.kid, other.alg, other.jwk, other.origin]);
