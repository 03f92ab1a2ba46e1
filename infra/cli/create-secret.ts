import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Environment } from '../../lib/config.ts';
import { awsOptions } from './aws-options.ts';
import { Problem } from './problem.ts';
import type { StageSecret } from './stage-secret.ts';

/** @throws Problem when it is there already, or cannot be made */
export async function createSecret(
  Name: string,
  secret: StageSecret,
  env: Environment,
  chosenRegion: string | undefined,
) {
  const { endpoint: _table, ...aws } = awsOptions(env, chosenRegion);
  const endpoint = env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] || env['AWS_ENDPOINT_URL'];
  const client = new SecretsManagerClient({ ...aws, ...(endpoint && { endpoint }) });
  const Description = 'Keys of the Latchkey token service, made by latchkey init';
  try {
    // Refused by AWS itself where there is one of this name, so no look beforehand is needed. A retry of the SDK has the
    // same request token, and is no second secret.
    const { ARN } = await client.send(
      new CreateSecretCommand({ Name, Description, SecretString: JSON.stringify(secret) }),
    );
    return { arn: ARN, region: await client.config.region() };
  } catch (error) {
    const { name, message, code = name } = error as Error & { code?: string };
    if (name === 'ResourceExistsException') {
      throw new Problem(`the secret ${Name} is there already and stays as it is; to begin anew, delete it first`);
    }
    throw new Problem(`the secret ${Name} was not made: ${message.split('\n')[0] || code}`);
  } finally {
    client.destroy();
  }
}
