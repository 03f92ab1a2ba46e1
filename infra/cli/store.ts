import { createAwsClient } from '../../lib/aws-client.ts';
import type { Clock } from '../../lib/clock.ts';
import { type Environment, findAwsConfig } from '../../lib/config.ts';
import type { StoredRegistry } from '../../lib/key-registry/registry.ts';
import { createKeyRegistryStore } from '../../lib/key-registry/store.ts';
import { createKmsClient, type Kms, type KmsConnection } from '../../lib/kms/kms.ts';
import type { Client } from '../../lib/oauth/client.ts';
import type { ResourceServer } from '../../lib/oauth/resource-server.ts';
import { createRevocationList, type RevocationList } from '../../lib/revocation/list.ts';
import { createClientStore } from '../../lib/store/client.ts';
import { type ConsentStore, createConsentStore } from '../../lib/store/consent.ts';
import { createDynamoDbCall } from '../../lib/store/dynamodb-call.ts';
import { createEpochStore, type EpochStore } from '../../lib/store/epoch.ts';
import { createGrantStore, type GrantStore } from '../../lib/store/grant.ts';
import { createLists, type Lists } from '../../lib/store/lists.ts';
import type { RecordStore } from '../../lib/store/record.ts';
import { createReferenceTokenStore, type ReferenceTokenStore } from '../../lib/store/reference-token.ts';
import { createResourceServerStore } from '../../lib/store/resource-server.ts';
import { createRevocationStore } from '../../lib/store/revocation.ts';
import { createUserStore, type UserStore } from '../../lib/store/user.ts';
import { type AwsConnection, awsOptions, withCredentials } from './aws-options.ts';
import type { ChosenTable } from './chosen-table.ts';
import { countGrants, type GrantsOf } from './count-grants.ts';
import { inEitherSpelling } from './either-spelling.ts';
import type { LocalStack } from './local-stack.ts';
import { pageByPage } from './page-by-page.ts';
import { probe } from './store-clock.ts';

export interface Store {
  /** The table, for messages. */
  readonly where: string;
  /** The time according to the table. */
  readonly clock: Clock;
  readonly local: LocalStack | undefined;
  /** Undefined for a local stack, and for a table that was named itself. */
  readonly stage: string | undefined;
  readonly clients: RecordStore<Client>;
  readonly resourceServers: RecordStore<ResourceServer>;
  readonly referenceTokens: ReferenceTokenStore;
  readonly revocations: RevocationList;
  /** Holds one record, with the id `KEY_REGISTRY`, whoever has written it. */
  readonly keys: RecordStore<StoredRegistry>;
  /** The KMS of the table's region; undefined for a local stack without a stand-in for KMS. */
  readonly kms: Kms | undefined;
  readonly users: UserStore;
  readonly grants: GrantStore;
  readonly consents: ConsentStore;
  readonly epochs: EpochStore;
  readonly lists: Lists;
  /** Counts live grants. @returns words such as `2 grants` */
  countGrants(of: GrantsOf): Promise<string>;
}

/** @throws Problem when the table cannot be reached, with the reason */
export async function openStore(
  { name, local, stage }: ChosenTable,
  env: Environment,
  region?: string,
): Promise<Store> {
  const found = local ? connectionTo(local) : await withCredentials(await awsOptions(env, region));
  const patience = Math.max(PATIENCE, found.patience ?? 0);
  const aws = { ...found, patience };
  const { table, clock } = await probe({ ...aws, tableName: name }, local?.notRunning);
  const call = createDynamoDbCall(createAwsClient, aws);
  const lists = createLists({ call, tableName: name, table, clock });
  return {
    where: local ? `local table ${name}` : `table ${name} in ${aws.region}`,
    clock,
    local,
    stage,
    clients: createClientStore(table),
    resourceServers: inEitherSpelling(createResourceServerStore(table)),
    referenceTokens: createReferenceTokenStore(table),
    revocations: createRevocationList(pageByPage(createRevocationStore(table)), clock),
    keys: createKeyRegistryStore(table),
    kms: connectKms(local, env, aws),
    users: createUserStore(table),
    grants: createGrantStore(table),
    consents: createConsentStore(table),
    epochs: createEpochStore(table),
    lists,
    countGrants: (of) => countGrants(of, { call, tableName: name, lists, now: clock() }),
  };
}

function connectKms(local: LocalStack | undefined, env: Environment, aws: KmsConnection): Kms | undefined {
  if (local && !local.kms) return undefined;
  const { endpoint } = local?.kms ?? findAwsConfig(env, 'KMS');
  const { endpoint: _table, ...rest } = aws;
  return createKmsClient({ ...rest, ...(endpoint && { endpoint }) });
}

/** Multiplies the timeouts of a function, as an administrator may be a continent away from the table. */
const PATIENCE = 10;

/** The local table accepts any credentials, and on a busy machine it takes its time. */
const connectionTo = ({ table: { endpoint } }: LocalStack): AwsConnection => ({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  patience: 50,
});
