import type { SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager';
import type { FunctionsTemplate } from '../environment-size.ts';

type Values = Readonly<Record<string, unknown>>;

/** The part of `serverless` that the plugin uses. */
export interface Serverless {
  readonly classes: { readonly Error: new (message: string) => Error };
  readonly processedInput: { readonly options: { readonly stage?: string; readonly param?: readonly string[] } };
  readonly configurationInput: {
    readonly params?: Readonly<Record<string, Values>>;
    readonly provider?: { readonly stage?: string };
  };
  readonly service: { readonly provider: { readonly compiledCloudFormationTemplate: FunctionsTemplate } };
  getProvider(name: 'aws'): { getAwsSdkV3Config(): Promise<SecretsManagerClientConfig>; getRegion(): string };
}

export default function settingsPlugin(
  serverless: Serverless,
  options: unknown,
  utilities: { log: { warning(text: string): void } },
): {
  asyncInit(): Promise<void>;
  hooks: Record<'before:package:initialize' | 'before:deploy:deploy', () => Promise<void>>;
};
