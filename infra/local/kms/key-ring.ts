import { createPrivateKey, randomUUID } from 'node:crypto';
import { keySpec, type MakeRsaKey, type Material } from './key-spec.ts';
import { invalidState, KmsError, validation } from './kms-error.ts';

export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion';

/** A key and its metadata in KMS. */
export interface KmsKey {
  readonly id: string;
  readonly arn: string;
  readonly spec: string;
  readonly usage: string;
  readonly material: Material;
  state: KeyState;
}

/** Keys as saved in a file, with their private halves, which no hardware protects here. */
export interface SavedKeys {
  readonly keys: readonly (Omit<KmsKey, 'material' | 'arn'> & { readonly material: string })[];
  readonly aliases: Readonly<Record<string, string>>;
}

export interface KeyRing {
  create(spec: string, usage?: string): KmsKey;
  /** Makes key material without adding a key to the ring. */
  generate(spec: string): Material;
  /**
   * Finds a key in any state by id, ARN, alias or alias ARN.
   * @throws KmsError NotFoundException
   */
  find(name: unknown): KmsKey;
  /** Finds a key that is enabled. @throws KmsError for another state */
  use(name: unknown): KmsKey;
  setAlias(alias: string, key: KmsKey): void;
  hasAlias(alias: string): boolean;
  save(): SavedKeys;
}

const PREFIX = 'arn:aws:kms:us-east-1:123456789012';

export function createKeyRing(saved: SavedKeys | undefined, makeRsaKey: MakeRsaKey): KeyRing {
  const generate = (spec: string) => keySpec(spec).generate(makeRsaKey);
  const keys = new Map<string, KmsKey>();
  const aliases = new Map(Object.entries(saved?.aliases ?? {}));
  for (const { material, ...key } of saved?.keys ?? []) {
    keys.set(key.id, { ...key, arn: `${PREFIX}:key/${key.id}`, material: load(material) });
  }

  const find = (name: unknown): KmsKey => {
    const text = String(name ?? '').replace(`${PREFIX}:`, '');
    const id = text.startsWith('alias/') ? aliases.get(text) : text.replace(/^key\//, '');
    const key = keys.get(id ?? '');
    if (key) return key;
    throw new KmsError(
      'NotFoundException',
      text.startsWith('alias/') ? `Alias ${PREFIX}:${text} is not found.` : `Key '${PREFIX}:key/${id}' does not exist`,
    );
  };

  return {
    generate,
    create(spec, usage) {
      const { usages } = keySpec(spec);
      const chosen = usage ?? (spec === 'SYMMETRIC_DEFAULT' ? usages[0] : undefined);
      if (chosen === undefined) throw validation(`You must specify a KeyUsage value for a key of KeySpec ${spec}.`);
      if (!usages.includes(chosen)) throw validation(`KeyUsage ${chosen} is not compatible with KeySpec ${spec}`);
      const id = randomUUID();
      const arn = `${PREFIX}:key/${id}`;
      const key: KmsKey = { id, arn, spec, usage: chosen, material: generate(spec), state: 'Enabled' };
      keys.set(id, key);
      return key;
    },
    find,
    use(name) {
      const key = find(name);
      if (key.state === 'Disabled') throw new KmsError('DisabledException', `${key.arn} is disabled.`);
      if (key.state === 'PendingDeletion') throw invalidState(key);
      return key;
    },
    setAlias: (alias, { id }) => void aliases.set(alias, id),
    hasAlias: (alias) => aliases.has(alias),
    save: () => ({
      keys: [...keys.values()].map(({ arn: _, material, ...key }) => ({ ...key, material: dump(material) })),
      aliases: Object.fromEntries(aliases),
    }),
  };
}

const dump = (material: Material): string =>
  'secret' in material
    ? material.secret.toString('base64')
    : material.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();

const load = (text: string): Material =>
  text.startsWith('-----') ? { privateKey: createPrivateKey(text) } : { secret: Buffer.from(text, 'base64') };
