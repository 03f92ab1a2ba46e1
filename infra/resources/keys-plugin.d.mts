import type { LambdaClientConfig } from '@aws-sdk/client-lambda';

/** The part of `serverless` that the plugin uses. */
export interface Serverless {
  readonly classes: { readonly Error: new (message: string) => Error };
  readonly service: { readonly functions: Readonly<Record<string, { readonly name?: string }>> };
  getProvider(name: 'aws'): { getAwsSdkV3Config(): Promise<LambdaClientConfig> };
}

export default function keysPlugin(
  serverless: Serverless,
  options: unknown,
  utilities: { log: { notice(text: string): void } },
): { hooks: Record<string, () => Promise<void>> };
