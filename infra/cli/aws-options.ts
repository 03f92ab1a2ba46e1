import type { AwsClientOptions } from '../../lib/aws-client.ts';
import { type Environment, findAwsConfig } from '../../lib/config.ts';
import { findRegion } from '../resources/region.cjs';

/** What the client of a service needs. */
export interface AwsConnection extends Pick<AwsClientOptions, 'region' | 'endpoint' | 'urlSuffix' | 'credentials'> {
  /** Multiplies timeouts. */
  readonly patience?: number;
}

/** Region, endpoint or domain, and the credentials in variables if there are any. */
export async function awsOptions(env: Environment, chosenRegion: string | undefined) {
  const region = await findRegion(chosenRegion, env);
  const found = { ...findAwsConfig(env, 'DYNAMODB'), region };
  if (found.endpoint) return found;
  const { urlSuffixOf } = await import('./url-suffix.ts');
  return { ...found, urlSuffix: urlSuffixOf(region) };
}

/** Loads the AWS SDK, which takes longer than a whole command, only for credentials that are not in variables. */
export async function withCredentials(aws: Awaited<ReturnType<typeof awsOptions>>): Promise<AwsConnection> {
  const { credentials } = aws;
  if (credentials) return { ...aws, credentials };
  const { findCredentials } = await import('./sdk-credentials.ts');
  return { ...aws, credentials: await findCredentials(aws.region) };
}
