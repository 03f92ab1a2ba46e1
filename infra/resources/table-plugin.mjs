// A plugin of `serverless` for two things about the table that a template cannot say. The table is made after everything else,
// so that no other failure of a first deployment leaves it behind. It is protected from deletion once a deployment has
// succeeded, because CloudFormation could not roll back a protected table.

/**
 * @param {import('./table-plugin.d.mts').Serverless} serverless
 * @param {unknown} _options
 * @param {{ log: { notice(text: string): void } }} utilities
 */
export default function tablePlugin(serverless, _options, { log }) {
  return {
    hooks: {
      'after:aws:package:finalize:mergeCustomProviderResources': () => {
        const { Table, ...others } = serverless.service.provider.compiledCloudFormationTemplate.Resources;
        if (Table) Table.DependsOn = Object.keys(others).sort();
      },

      'after:deploy:deploy': async () => {
        const { name: TableName, protection } = serverless.service.custom.table;
        const DeletionProtectionEnabled = String(protection) === 'true'; // `--param` passes text
        const { DescribeTableCommand, DynamoDBClient, UpdateTableCommand } = await import('@aws-sdk/client-dynamodb');
        const client = new DynamoDBClient(await serverless.getProvider('aws').getAwsSdkV3Config());
        const { Table } = await client.send(new DescribeTableCommand({ TableName }));
        if ((Table?.DeletionProtectionEnabled ?? false) === DeletionProtectionEnabled) return;
        await client.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled }));
        log.notice(`Table ${TableName} is ${DeletionProtectionEnabled ? 'now' : 'no longer'} protected from deletion`);
      },
    },
  };
}
