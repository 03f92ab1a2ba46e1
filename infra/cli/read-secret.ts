import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Environment } from '../../lib/config.ts';
import { Problem } from '../problem.ts';
import { awsOptions } from './aws-options.ts';

/** The members of the secret of a stage; none when there is no such secret. @throws Problem when it cannot be read */
export async function readSecret(SecretId: string, env: Environment, region: string | undefined): Promise<Environment> {
  const { endpoint: _table, ...aws } = await awsOptions(env, region);
  const endpoint = env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] || env['AWS_ENDPOINT_URL'];
  const client = new SecretsManagerClient({ ...aws, ...(endpoint && { endpoint }) });
  try {
    const { SecretString = '{}' } = await client.send(new GetSecretValueCommand({ SecretId }));
    return JSON.parse(SecretString) as Environment;
  } catch (error) {
    const { name, message, code = name } = error as Error & { code?: string };
    if (name === 'ResourceNotFoundException') return {};
    throw new Problem(`the secret ${SecretId} could not be read: ${message.split('\n')[0] || code}`);
  } finally {
    client.destroy();
  }
}
