import type { AwsClientOptions } from '../../lib/aws-client.ts';
import { type Environment, findAwsConfig } from '../../lib/config.ts';
import { findRegion } from '../resources/region.cjs';

/** What the client of a service needs. */
export interface AwsConnection extends Pick<AwsClientOptions, 'region' | 'endpoint' | 'credentials'> {
  /** Multiplies timeouts. */
  readonly patience?: number;
}

/** Region and endpoint, and the credentials in variables if there are any. */
export async function awsOptions(env: Environment, chosenRegion: string | undefined) {
  return { ...findAwsConfig(env, 'DYNAMODB'), region: await findRegion(chosenRegion, env) };
}

/** Loads the AWS SDK, which takes longer than a whole command, only for credentials that are not in variables. */
export async function withCredentials(aws: Awaited<ReturnType<typeof awsOptions>>): Promise<AwsConnection> {
  const { credentials } = aws;
  if (credentials) return { ...aws, credentials };
  const { findCredentials } = await import('./sdk-credentials.ts');
  return { ...aws, credentials: await findCredentials(aws.region) };
}
