/** `Properties` of an `AWS::DynamoDB::Table` resource. */
export type TableProperties = Record<string, unknown>;

// What CreateTable of the embedded engine understands and what our code can notice. Encryption, backups, deletion
// protection, tags and the TTL setting are dropped on purpose: they change no answer of the table's data plane, except
// TTL, and code that depended on the broom would be wrong (docs/design.md promise 4).
const imitated = [
  'AttributeDefinitions',
  'KeySchema',
  'BillingMode',
  'LocalSecondaryIndexes',
  'GlobalSecondaryIndexes',
];

/** `CreateTable` input for the table a template describes, under a name of the caller's choice. */
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
