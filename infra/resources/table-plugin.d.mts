import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';

/** The part of `serverless` that the plugin uses. */
export interface Serverless {
  readonly service: {
    readonly custom: { readonly table: { readonly name: string; readonly protection: boolean | string } };
    readonly provider: {
      readonly compiledCloudFormationTemplate: { readonly Resources: Record<string, { DependsOn?: string[] }> };
    };
  };
  getProvider(name: 'aws'): { getAwsSdkV3Config(): Promise<DynamoDBClientConfig> };
}

export default function tablePlugin(
  serverless: Serverless,
  options: unknown,
  utilities: { log: { notice(text: string): void } },
): { hooks: Record<string, () => void | Promise<void>> };
