import { type Environment, readConfig } from '../../lib/config.ts';

/** Where AWS is, by the usual variables; what they leave open, the SDK finds in profiles and its other sources. */
export function awsOptions(env: Environment, region: string | undefined) {
  const options = readConfig(env).aws('DYNAMODB');
  const chosen = region || options.region || env['AWS_DEFAULT_REGION'];
  return { ...options, ...(chosen && { region: chosen }) };
}
