import { type Clock, systemClock } from '../clock.ts';
import { type Config, type Environment, readConfig } from '../config.ts';
import type { RegistryCopy } from '../key-registry/copy.ts';
import { createKmsClient, type Kms } from '../kms/kms.ts';
import { createLog, type LogContext } from '../log.ts';
import { openTable } from '../store/dynamodb.ts';
import { withSchemaCheck } from '../store/schema.ts';
import type { Table } from '../store/table.ts';
import { copyRegistry } from './registry.ts';

export interface Foundation extends LogContext {
  readonly config: Config;
  readonly clock: Clock;
}

export interface FoundationWithTable extends Foundation {
  readonly issuer: string;
  readonly table: Table;
  readonly kms: Kms;
  /** One for all parts of a function. Only with KEY_REGISTRY=on. */
  registry(): RegistryCopy;
}

/** @param env by default, that of the process */
export function createFoundation(env?: Environment, clock: Clock = systemClock): Foundation {
  const config = readConfig(env);
  return { config, clock, log: createLog(config.get('LOG_LEVEL')) };
}

/** @param env by default, that of the process */
export function createFoundationWithTable(env?: Environment, clock?: Clock): FoundationWithTable {
  const foundation = createFoundation(env, clock);
  const { config } = foundation;
  const table = withSchemaCheck(openTable({ tableName: config.get('TABLE_NAME'), ...config.aws('DYNAMODB') }));
  let registry: RegistryCopy | undefined;
  return {
    ...foundation,
    issuer: config.get('ISSUER'),
    table,
    kms: createKmsClient(config.aws('KMS')),
    registry() {
      registry ??= copyRegistry({ ...foundation, table });
      return registry;
    },
  };
}
