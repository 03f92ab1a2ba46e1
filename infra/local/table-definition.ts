/** `Properties` of an `AWS::DynamoDB::Table` resource. */
export type TableProperties = Record<string, unknown>;

// The properties that the embedded engine understands and that affect answers. Encryption, backups, deletion protection and
// tags do not. TTL is left out on purpose: no code may depend on when it deletes (docs/design.md promise 4).
const imitated = [
  'AttributeDefinitions',
  'KeySchema',
  'BillingMode',
  'LocalSecondaryIndexes',
  'GlobalSecondaryIndexes',
];

/** The input of `CreateTable` for a table of a template, under the given name. */
export function createTableInput(properties: TableProperties, tableName: string): TableProperties {
  const kept = Object.entries(properties).filter(([name]) => imitated.includes(name));
  return { BillingMode: 'PAY_PER_REQUEST', ...Object.fromEntries(kept), TableName: tableName };
}

/** The first `AWS::DynamoDB::Table` among CloudFormation resources, or undefined. */
export function findTable(resources: unknown): { logicalId: string; properties: TableProperties } | undefined {
  for (const [logicalId, resource] of Object.entries((resources ?? {}) as Record<string, TableProperties>)) {
    if (resource?.['Type'] === 'AWS::DynamoDB::Table') {
      return { logicalId, properties: resource['Properties'] as TableProperties };
    }
  }
  return undefined;
}
