import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Problem } from '../problem.ts';

/**
 * Finds credentials where the AWS SDK does: in profiles, SSO sessions, containers, instances.
 * @returns a function that renews them before they expire
 * @throws Problem when there are none
 */
export async function findCredentials(region: string) {
  const { credentials } = new DynamoDBClient({ region }).config;
  try {
    // Here and not with the first request, whose timeout the search could exceed.
    await credentials();
  } catch (error) {
    throw new Problem(`no AWS credentials were found: ${(error as Error).message.split('\n')[0]}`);
  }
  return credentials;
}
