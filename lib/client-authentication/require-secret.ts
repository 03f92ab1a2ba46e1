import { addressCounters, counter, reserveAttempt, type ThrottleContext } from '../guessing/throttle.ts';
import type { Client } from '../oauth/client.ts';
import { OAuthError } from '../oauth/errors.ts';
import type { ResourceServer } from '../oauth/resource-server.ts';
import { likelyReading, type PresentedSecret } from '../secrets/presented-secret.ts';
import { liveSecrets, MAX_SECRET_LENGTH, matchesChosen, matchesGenerated, whyNotVerified } from '../secrets/secret.ts';
import { callerIdOf, invalidClient } from './invalid-client.ts';
import { type Guess, isKnownToBeRight, type RightSecretsContext, rememberAsRight } from './right-secrets.ts';

export interface SecretsContext extends ThrottleContext, RightSecretsContext {}

/**
 * Nobody can guess a generated secret, so it takes no request of the table. One that a person chose is throttled (RFC 6749
 * section 2.3.1), unless it was right recently: so strangers who guess lock nobody out.
 * @param address as the gateway saw it
 * @throws OAuthError `invalid_client`; `temporarily_unavailable` with status 429 during a delay; Unavailable
 */
export async function requireSecret(
  secret: PresentedSecret | undefined,
  client: Client | ResourceServer,
  address: string,
  context: SecretsContext,
): Promise<void> {
  if (secret === undefined) throw invalidClient('no authentication', client);
  const { clock } = context;
  const { generated, chosen } = liveSecrets(client.secrets, clock);
  if (generated.some((stored) => matchesGenerated(secret, stored))) return;
  const guesses = chosen
    .map((stored) => ({ stored, secret: likelyReading(secret, stored) }))
    .filter((guess) => guess.secret.length <= MAX_SECRET_LENGTH);
  if (guesses.length > 0 && (await isChosenSecret(guesses, client, address, context))) return;
  throw invalidClient(whyNotVerified(secret, client.secrets, clock), client);
}

async function isChosenSecret(
  guesses: readonly Guess[],
  client: Client | ResourceServer,
  address: string,
  context: SecretsContext,
): Promise<boolean> {
  if (await isKnownToBeRight(guesses, context)) return true;
  const name = JSON.stringify(callerIdOf(client));
  const decision = await reserveAttempt([counter('secret', name), ...addressCounters(address)], context);
  if (!decision.isAllowed) throw tooManyAttempts(decision.seconds, client);
  for (const guess of guesses) {
    if (!(await matchesChosen(guess.secret, guess.stored))) continue;
    await Promise.all([decision.succeeded(), rememberAsRight(guess, context)]);
    return true;
  }
  return false;
}

/** The secret was not compared, so `invalid_client` would say too much. RFC 6585 section 4 */
const tooManyAttempts = (seconds: number, client: Client | ResourceServer) =>
  new OAuthError('temporarily_unavailable', 'there were too many attempts', {
    status: 429,
    headers: { 'retry-after': String(seconds) },
    caller: callerIdOf(client),
  });
