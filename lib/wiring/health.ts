import type { HealthParts } from '../endpoints/health.ts';
import { createItemReader } from '../store/item-reader.ts';
import { keyOfSchema, requireKnownSchema } from '../store/schema.ts';
import type { Foundation } from './foundation.ts';
import { publishedKeysReader } from './keys.ts';

/** @throws ConfigError */
export function healthParts(base: Foundation): HealthParts {
  const { config } = base;
  config.get('ISSUER');
  const read = createItemReader({ tableName: config.get('TABLE_NAME'), ...config.aws('DYNAMODB') });
  return {
    readTable: async () => requireKnownSchema(await read(keyOfSchema)),
    keys: publishedKeysReader(base),
  };
}
