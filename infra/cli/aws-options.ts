import { type Environment, findAwsConfig } from '../../lib/config.ts';

/** Region and endpoint from the usual variables. What they leave open, the SDK finds in profiles and its other sources. */
export function awsOptions(env: Environment, region: string | undefined) {
  const options = findAwsConfig(env, 'DYNAMODB');
  const chosen = region || options.region || env['AWS_DEFAULT_REGION'];
  return { ...options, ...(chosen && { region: chosen }) };
}
