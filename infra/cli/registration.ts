import { type Environment, readConfig } from '../../lib/config.ts';
import { activeKeys } from '../../lib/key-registry/registry.ts';
import { KEY_REGISTRY } from '../../lib/key-registry/store.ts';
import type { AccessTokenFormatName } from '../../lib/oauth/access-token.ts';
import type { ClientFinding } from '../../lib/oauth/client-registration.ts';
import type { Deployment, Finding } from '../../lib/oauth/registration.ts';
import type { ResourceServerFinding } from '../../lib/oauth/resource-server-registration.ts';
import { Problem } from '../problem.ts';
import { serviceEnvironment } from './local-stack.ts';
import type { Output } from './output.ts';
import type { Store } from './store.ts';
import { findPublicKeys } from './token-keys.ts';
import { UsageProblem } from './usage-problem.ts';

// What `create` and `update` do about what lib finds wrong with a client or resource server.

type Code = (ClientFinding | ResourceServerFinding)['code'];

interface Advice {
  /** What to do about it, as an imperative. */
  readonly remedy: string;
  /** Whether the command line is right and something else has to change. */
  readonly isElsewhere?: true;
}

const advice: Readonly<Record<Code, Advice>> = {
  public_machine: { remedy: 'leave out --public or give other grant types' },
  no_grant_type: { remedy: 'add one with latchkey client update --grant-type' },
  password: { remedy: 'use it only while you migrate away from it' },
  no_refresh_token: { remedy: 'give --scope with offline_access, too' },
  unusable_redirect_uri: { remedy: 'register the URIs that are used, one by one' },
  no_redirect_uri: { remedy: 'give --redirect-uri URI' },
  no_code_grant: { remedy: 'give --grant-type authorization_code, too' },
  no_openid_scope: { remedy: 'give --scope with openid, too' },
  tokens_in_url: { remedy: 'use it only for a client that cannot do otherwise' },
  claimable_without_pkce: { remedy: 'leave out --no-pkce' },
  claimable_scheme: { remedy: 'use it only for an app that cannot have https or a reversed domain name' },
  public_without_pkce: { remedy: 'leave out --no-pkce' },
  without_pkce: { remedy: 'use it only for a client that cannot do PKCE' },
  claimable_without_consent: { remedy: 'leave out --no-consent, or use an https redirect URI' },
  insecure_backchannel: { remedy: 'give --backchannel-logout-uri with https' },
  unusable_backchannel: { remedy: 'give --backchannel-logout-uri with https' },
  unknown_scope: { remedy: 'add it to one with latchkey resource update --scope' },
  no_api_to_encrypt_for: { remedy: 'give --resource ID or another --format' },
  no_encryption_key: { remedy: 'give it one with latchkey resource update --encryption-key', isElsewhere: true },
  no_key_of_its_own: { remedy: 'give --encryption-key FILE, or another --format' },
  no_signing_key: { remedy: 'add and activate one first', isElsewhere: true },
  signing_key_unknown: { remedy: 'set ISSUER to compare with the keys that it publishes. Without one, it answers 503' },
  no_sealing_key: { remedy: 'set SEALING_KEYS in the secret, and deploy with sealed-tokens=on', isElsewhere: true },
  sealing_key_unknown: { remedy: 'see that the stage was deployed with sealed-tokens=on. Otherwise it answers 503' },
  reserved_claim: { remedy: 'choose another name' },
  same_claim: { remedy: 'choose another --groups-claim or --roles-claim' },
  too_many_memberships: { remedy: 'give fewer of --group and --role' },
  issuer_as_audience: { remedy: 'choose another identifier and audience', isElsewhere: true },
};

/**
 * @param before what is wrong with the stored record already: it does not stand in the way of another change
 * @throws Problem for the first finding that the change would bring and that cannot work
 */
export function refuseFindings(findings: readonly Finding<Code>[], before: readonly Finding<Code>[] = []): void {
  const known = new Set(before.map(({ text }) => text));
  const refusal = findings.find(({ verdict, text }) => verdict === 'refused' && !known.has(text));
  if (!refusal) return;
  const { remedy, isElsewhere } = advice[refusal.code];
  const Kind = isElsewhere ? Problem : UsageProblem;
  throw new Kind(`${refusal.text}: ${remedy}`);
}

/** Notes everything that is wrong with a record that was stored all the same. */
export function noteFindings(findings: readonly Finding<Code>[], out: Output): void {
  for (const { code, text } of findings) {
    out.note(`${text.charAt(0).toUpperCase()}${text.slice(1)}: ${advice[code].remedy}.`);
  }
}

/** What a record asks of the keys of the service. */
interface Needs {
  readonly alg: string | undefined;
  readonly format: AccessTokenFormatName | undefined;
}

/** What can be known from here about the deployment that a table belongs to. */
export async function findDeployment({ alg, format }: Needs, store: Store, env: Environment): Promise<Deployment> {
  const issuer = store.local?.issuer ?? readConfig(env).find('ISSUER');
  return {
    issuer,
    signingAlgorithms: alg === undefined ? undefined : await findSigningAlgorithms(store, env),
    canSeal: format === 'sealed' ? findWhetherItSeals(store, env) : undefined,
  };
}

/** From the registry, else the variables of the functions, else the published keys. */
async function findSigningAlgorithms(store: Store, env: Environment): Promise<readonly string[] | undefined> {
  const registered = activeKeys((await store.keys.find(KEY_REGISTRY)) ?? { keys: [] });
  if (registered.length > 0) return registered.map(({ alg }) => alg);
  const { find } = readConfig(serviceEnvironment(env, store.local));
  const known = find('SIGNING_KEYS') ?? (await findPublicKeys(env, store.local))?.keys;
  return known?.map(({ alg }) => alg);
}

/** The keys of a deployed stage are in its secret, which is not read here. */
function findWhetherItSeals({ local }: Store, env: Environment): boolean | undefined {
  if (local) return local.seals;
  if (readConfig(env).find('SEALING_KEYS')) return true;
  // With one of these, the variables are those of a function that could seal.
  return env['SIGNING_KEYS'] || env['REFERENCE_TOKEN_KEYS'] || env['HANDLE_KEYS'] ? false : undefined;
}
