import { type Clock, systemClock } from '../clock.ts';
import { type Config, type Environment, readConfig } from '../config.ts';
import { createKmsClient, type Kms } from '../kms/kms.ts';
import { createLog, type LogContext } from '../log.ts';
import { openTable } from '../store/dynamodb.ts';
import { withSchemaCheck } from '../store/schema.ts';
import type { Table } from '../store/table.ts';

export interface Foundation extends LogContext {
  readonly config: Config;
  readonly clock: Clock;
}

export interface FoundationWithTable extends Foundation {
  readonly issuer: string;
  readonly table: Table;
  readonly kms: Kms;
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
  return {
    ...foundation,
    issuer: config.get('ISSUER'),
    table: withSchemaCheck(openTable({ tableName: config.get('TABLE_NAME'), ...config.aws('DYNAMODB') })),
    kms: createKmsClient(config.aws('KMS')),
  };
}
