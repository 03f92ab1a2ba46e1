import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Environment } from '../../lib/config.ts';
import { Problem } from '../problem.ts';
import { awsOptions } from './aws-options.ts';
import type { StageSecret } from './stage-secret.ts';

/** @throws Problem when the secret already exists, or cannot be created */
export async function createSecret(
  Name: string,
  secret: StageSecret,
  env: Environment,
  chosenRegion: string | undefined,
) {
  const { endpoint: _table, ...aws } = await awsOptions(env, chosenRegion);
  const endpoint = env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] || env['AWS_ENDPOINT_URL'];
  const client = new SecretsManagerClient({ ...aws, ...(endpoint && { endpoint }) });
  const Description = 'Keys of the Latchkey token service, made by latchkey init';
  try {
    // AWS refuses a name that is taken, so there is no need to look first. A retry by the SDK carries the same request token
    // and does not count as a second secret.
    const { ARN } = await client.send(
      new CreateSecretCommand({ Name, Description, SecretString: JSON.stringify(secret) }),
    );
    return { arn: ARN, region: aws.region };
  } catch (error) {
    const { name, message, code = name } = error as Error & { code?: string };
    if (name === 'ResourceExistsException') {
      throw new Problem(`the secret ${Name} already exists and was not changed; to start over, delete it first`);
    }
    throw new Problem(`the secret ${Name} could not be created: ${message.split('\n')[0] || code}`);
  } finally {
    client.destroy();
  }
}
