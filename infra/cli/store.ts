import { type Environment, readAwsConfig } from '../../lib/config.ts';
import type { KeyRegistry } from '../../lib/keys/key-registry.ts';
import { createKms, type Kms, type KmsConnection } from '../../lib/keys/kms.ts';
import type { Client } from '../../lib/oauth/client.ts';
import type { Clock } from '../../lib/oauth/clock.ts';
import type { ResourceServer } from '../../lib/oauth/resource-server.ts';
import { createClientStore } from '../../lib/store/client.ts';
import { type ConsentStore, createConsentStore } from '../../lib/store/consent.ts';
import { createEpochStore, type EpochStore } from '../../lib/store/epoch.ts';
import { createGrantStore, type GrantStore } from '../../lib/store/grant.ts';
import { createKeyRegistryStore } from '../../lib/store/key-registry.ts';
import type { RecordStore } from '../../lib/store/record.ts';
import { createReferenceTokenStore, type ReferenceTokenStore } from '../../lib/store/reference-token.ts';
import { createResourceServerStore } from '../../lib/store/resource-server.ts';
import { createRevocationStore, type RevocationStore } from '../../lib/store/revocation.ts';
import { createUserStore, type UserStore } from '../../lib/store/user.ts';
import type { Io } from './io.ts';
import { findLocalStack, type LocalStack } from './local-stack.ts';
import { Problem, UsageProblem } from './problem.ts';
import { probe } from './store-clock.ts';

/** The options that say which table is meant. */
export interface TableChoice {
  readonly table?: string;
  readonly stage?: string;
  readonly local?: true;
  readonly region?: string;
}

export interface Store {
  /** The table in words. */
  readonly where: string;
  /** The time as the table has it. */
  readonly clock: Clock;
  readonly local: LocalStack | undefined;
  readonly clients: RecordStore<Client>;
  readonly resourceServers: RecordStore<ResourceServer>;
  readonly referenceTokens: ReferenceTokenStore;
  readonly revocations: RevocationStore;
  /** One record, of the id `KEY_REGISTRY`. */
  readonly keys: RecordStore<KeyRegistry>;
  /** Where the table is; undefined for a local stack without it. */
  readonly kms: Kms | undefined;
  readonly users: UserStore;
  readonly grants: GrantStore;
  readonly consents: ConsentStore;
  readonly epochs: EpochStore;
}

/** Found before anything is asked of the network. */
export interface Target {
  readonly name: string;
  readonly local?: LocalStack;
}

/**
 * The table that is meant: what the options name, else `TABLE_NAME`, else that of the local stack, else none.
 * @throws Problem when `--local` is given and there is no local stack; UsageProblem when the options disagree
 */
export function findTarget({ table, stage, local }: TableChoice, { env, cwd }: Pick<Io, 'env' | 'cwd'>) {
  if ([table, stage, local].filter((option) => option !== undefined).length > 1) {
    throw new UsageProblem('give only one of --stage, --table and --local');
  }
  const named = local ? undefined : (table ?? (stage === undefined ? env['TABLE_NAME'] : `latchkey-${stage}`));
  if (named) return { name: named };
  const stack = findLocalStack(cwd);
  if (stack) return { name: stack.table.name, local: stack };
  if (local) throw new Problem('there is no local table: run npm start, and this in the same directory');
  return undefined;
}

/** Where AWS is, by the usual variables; what they leave open, the SDK finds in profiles and its other sources. */
export function awsOptions(env: Environment, region: string | undefined) {
  const options = readAwsConfig(env);
  const chosen = region || options.region || env['AWS_DEFAULT_REGION'];
  return { ...options, ...(chosen && { region: chosen }) };
}

/** @throws Problem when the table cannot be reached, with the reason */
export async function openStore({ name, local }: Target, env: Environment, region?: string): Promise<Store> {
  const aws = local
    ? { endpoint: local.table.endpoint, region: 'us-east-1', credentials: LOCAL_CREDENTIALS }
    : awsOptions(env, region);
  const { clock, ...found } = await probe(name, aws, local !== undefined);
  const { createTable } = await import('../../lib/store/dynamodb.ts');
  // Region and credentials were looked for once: a table has no patience for another search.
  const table = createTable({ ...aws, ...found, tableName: name, patience: PATIENCE });
  return {
    where: local ? `local table ${name}` : `table ${name} in ${found.region}`,
    clock,
    local,
    clients: createClientStore(table),
    resourceServers: createResourceServerStore(table),
    referenceTokens: createReferenceTokenStore(table),
    revocations: createRevocationStore(table),
    keys: createKeyRegistryStore(table),
    kms: connectKms(local, env, { ...aws, ...found }),
    users: createUserStore(table),
    grants: createGrantStore(table),
    consents: createConsentStore(table),
    epochs: createEpochStore(table),
  };
}

function connectKms(local: LocalStack | undefined, env: Environment, aws: KmsConnection): Kms | undefined {
  if (local && !local.kms) return undefined;
  const { endpoint } = local?.kms ?? readAwsConfig(env, 'KMS');
  const { endpoint: _table, ...rest } = aws;
  return createKms({ ...rest, ...(endpoint && { endpoint }), patience: PATIENCE });
}

/** How many times as long as a function an administrator waits, who may be a continent away. */
const PATIENCE = 10;

const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };
