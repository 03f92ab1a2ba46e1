import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { Environment } from '../../lib/config.ts';
import { createHandleKeys } from '../handle-keys.ts';
import { Problem } from '../problem.ts';
import { createRegistryKey } from '../registry-key.ts';
import { awsOptions } from './aws-options.ts';
import type { StageSecret } from './stage-secret.ts';

/** @throws Problem when the secret already exists, or cannot be created */
export const createSecret = (Name: string, secret: StageSecret, env: Environment, region: string | undefined) =>
  withSecretsManager(env, region, async (client, region) => {
    const Description = 'Keys of the Latchkey token service, made by latchkey init';
    try {
      // AWS refuses a name that is taken, so there is no need to look first. A retry by the SDK carries the same request token
      // and does not count as a second secret.
      const { ARN } = await client.send(
        new CreateSecretCommand({ Name, Description, SecretString: JSON.stringify(secret) }),
      );
      return { arn: ARN, region };
    } catch (error) {
      if ((error as Error).name === 'ResourceExistsException') {
        throw new Problem(
          `the secret ${Name} already exists and was not changed; to start over, delete it first; if version 0.1.0 made it, add the keys it lacks with --upgrade`,
        );
      }
      throw new Problem(`the secret ${Name} could not be created: ${reasonOf(error)}`);
    }
  });

/**
 * Adds to a secret of version 0.1.0 the keys of handles and the key that signs the registry, and changes nothing that is there.
 * @param check is given the secret as it will be, before it is written
 * @returns the names of what was added, or would be with `dryRun`
 * @throws Problem when there is no such secret, it is not one of version 0.1.0, or it cannot be read or written
 */
export const completeSecret = (
  SecretId: string,
  { dryRun, check }: { readonly dryRun: boolean; readonly check: (secret: StageSecret) => void },
  env: Environment,
  region: string | undefined,
) =>
  withSecretsManager(env, region, async (client, region) => {
    try {
      const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId }));
      const before = JSON.parse(SecretString) as Record<string, string>;
      const made = { ...createHandleKeys(), ...(!before['REGISTRY_SIGNING_KEY'] && createRegistryKey()) };
      const missing = Object.entries(made).filter(([name]) => !before[name]);
      const added = missing.map(([name]) => name);
      if (added.length > 0 && !before['HANDLE_KEYS']) {
        throw new Problem(
          `the secret ${SecretId} has no HANDLE_KEYS of version 0.1.0 and was not changed; keys of handles that are in KMS need no secret`,
        );
      }
      const after = { ...before, ...Object.fromEntries(missing) };
      check(after as unknown as StageSecret);
      if (added.length > 0 && !dryRun) {
        await client.send(new PutSecretValueCommand({ SecretId, SecretString: JSON.stringify(after) }));
      }
      return { added, region };
    } catch (error) {
      if (error instanceof Problem) throw error;
      if ((error as Error).name === 'ResourceNotFoundException') {
        throw new Problem(`there is no secret ${SecretId}: make it without --upgrade`);
      }
      throw new Problem(`the secret ${SecretId} could not be changed: ${reasonOf(error)}`);
    }
  });

/** The members of the secret of a stage; none when there is no such secret. @throws Problem when it cannot be read */
export const readSecret = (SecretId: string, env: Environment, region: string | undefined): Promise<Environment> =>
  withSecretsManager(env, region, async (client) => {
    try {
      const { SecretString = '{}' } = await client.send(new GetSecretValueCommand({ SecretId }));
      return JSON.parse(SecretString) as Environment;
    } catch (error) {
      if ((error as Error).name === 'ResourceNotFoundException') return {};
      throw new Problem(`the secret ${SecretId} could not be read: ${reasonOf(error)}`);
    }
  });

async function withSecretsManager<Result>(
  env: Environment,
  chosenRegion: string | undefined,
  act: (client: SecretsManagerClient, region: string) => Promise<Result>,
): Promise<Result> {
  const { endpoint: _table, ...aws } = await awsOptions(env, chosenRegion);
  const endpoint = env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] || env['AWS_ENDPOINT_URL'];
  const client = new SecretsManagerClient({ ...aws, ...(endpoint && { endpoint }) });
  try {
    return await act(client, aws.region);
  } finally {
    client.destroy();
  }
}

function reasonOf(error: unknown): string {
  const { name, message, code = name } = error as Error & { code?: string };
  return message.split('\n')[0] || code;
}
