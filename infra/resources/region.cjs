// The region of a deployment, decided here for `serverless` and the command line, so that both find the same secret and the
// same table. CommonJS, because `serverless` reads nothing else as a variable.

/**
 * The first of these that is set: the option `--region`, AWS_REGION, AWS_DEFAULT_REGION, and the region of the AWS profile.
 * Otherwise us-east-1, the default of `serverless`.
 * @param {string | undefined} chosen the value of `--region`
 * @param {Readonly<Record<string, string | undefined>>} env
 * @param {string | undefined} profile the default is AWS_PROFILE, or the profile `default`
 * @returns {Promise<string>}
 */
async function findRegion(chosen, env, profile = env.AWS_PROFILE) {
  return chosen || env.AWS_REGION || env.AWS_DEFAULT_REGION || (await regionOfProfile(profile)) || 'us-east-1';
}

/** The SDK reads profiles for us. It throws when there is no region. */
async function regionOfProfile(/** @type {string | undefined} */ profile) {
  const { DynamoDBClient } = await import('@aws-sdk/client-dynamodb');
  const client = new DynamoDBClient(profile ? { profile } : {});
  return client.config.region().catch(() => undefined);
}

/** For `${file(infra/resources/region.cjs):region}` in serverless.yml. */
const region = (/** @type {{ options: Record<string, string | undefined> }} */ { options }) =>
  findRegion(options.region, process.env, options['aws-profile']);

module.exports = { findRegion, region };
