import { type Environment, findAwsConfig } from '../../lib/config.ts';
import { findRegion } from '../resources/region.cjs';

/** Region and endpoint. Credentials that are not in variables, the SDK finds in profiles and its other sources. */
export async function awsOptions(env: Environment, chosenRegion: string | undefined) {
  return { ...findAwsConfig(env, 'DYNAMODB'), region: await findRegion(chosenRegion, env) };
}
