import { authenticationMethods } from '../../lib/client-authentication/methods.ts';
import { ACCESS_TOKEN_TYP, DEFAULT_FORMAT } from '../../lib/oauth/access-token.ts';
import type { Client } from '../../lib/oauth/client.ts';
import type { HashedSecret } from '../../lib/oauth/hashed-secret.ts';
import { membershipNames } from '../../lib/oauth/membership.ts';
import type { EncryptionJwk, ResourceServer } from '../../lib/oauth/resource-server.ts';
import type { User } from '../../lib/oauth/user.ts';
import { duration, fields, time } from './output.ts';

// How records are shown: without the hashes of secrets, which would let somebody test guesses.

export interface SecretView {
  readonly secret_id: string;
  /** `random`: generated here; `imported`: chosen by somebody. */
  readonly kind: 'random' | 'imported';
  readonly created_at: number;
  readonly expires_at?: number;
}

export const secretView = ({ hash, ...secret }: HashedSecret): SecretView => ({
  ...secret,
  kind: hash.startsWith('sha256$') ? 'random' : 'imported',
});

type Shown<Value> = Omit<Value, 'secrets'> & { readonly secrets: readonly SecretView[] };

export const recordView = <Value extends { readonly secrets: readonly HashedSecret[] }>({
  secrets,
  ...record
}: Value): Shown<Value> => ({ ...record, secrets: secrets.map(secretView) }) as unknown as Shown<Value>;

/** The settings of a client for sign-in, as far as they are set. */
const signInFields = ({
  client_id,
  client_name,
  enabled,
  token_endpoint_auth_method,
  grant_types,
  scope,
  resources,
  access_token_format,
  access_token_lifetime,
  secrets,
  ...signIn
}: Client) => signIn;

/** Their names may contain spaces. */
const membershipFields = (known: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    membershipNames.flatMap((name) => (Array.isArray(known[name]) ? [[name, known[name].join(', ')]] : [])),
  );

/** The methods of a client that is registered for none. */
const secretMethods = authenticationMethods
  .filter((method) => method.usesSecret)
  .map(({ name }) => name)
  .join(' or ');

export const clientText = ({ secrets, ...client }: Client, more: Record<string, unknown> = {}): string =>
  fields({
    client_id: client.client_id,
    client_name: client.client_name,
    enabled: client.enabled,
    token_endpoint_auth_method: client.token_endpoint_auth_method ?? secretMethods,
    grant_types: client.grant_types.join(' ') || 'none',
    scope: client.scope || 'none',
    resources: client.resources,
    access_token_format: client.access_token_format ?? 'that of the resource server',
    access_token_lifetime: client.access_token_lifetime ?? 'that of the resource server',
    ...signInFields({ secrets, ...client }),
    ...membershipFields({ ...client }),
    secrets: secretsText(secrets),
    ...more,
  });

export const resourceText = ({ secrets, ...resource }: ResourceServer, more: Record<string, unknown> = {}): string =>
  fields({
    identifier: resource.identifier,
    enabled: resource.enabled,
    audience: resource.audience,
    scope: resource.scope || 'none',
    access_token_format: resource.access_token_format ?? DEFAULT_FORMAT,
    access_token_encryption_key: encryptionKeyText(resource.access_token_encryption_jwk),
    access_token_signing_alg: resource.access_token_signing_alg ?? 'that of the first signing key',
    access_token_typ: resource.access_token_typ ?? ACCESS_TOKEN_TYP,
    access_token_lifetime: resource.access_token_lifetime ?? 'that of the service',
    ...claimFields(resource),
    secrets: secretsText(secrets),
    ...more,
  });

/** The settings of an API for the claims of its tokens, as far as they are set. */
const claimFields = ({
  groups_claim,
  roles_claim,
  access_token_static_audience,
  access_token_nbf,
  access_token_scope_list,
}: Partial<ResourceServer>) => ({
  groups_claim,
  roles_claim,
  access_token_static_audience,
  access_token_nbf,
  access_token_scope_list,
});

const encryptionKeyText = (jwk: EncryptionJwk | undefined) => (jwk ? `${jwk.kid} (${jwk.alg})` : 'none');

const secretsText = (secrets: readonly HashedSecret[]) =>
  secrets
    .map(({ secret_id, expires_at }) =>
      expires_at === undefined ? secret_id : `${secret_id} until ${time(expires_at)}`,
    )
    .join(', ') || 'none';

export const userView = ({ password, ...user }: User) => ({ ...user, password_set_at: password.created_at });

export const userText = ({ claims, ...user }: User, more: Record<string, unknown> = {}): string =>
  fields({
    username: user.username,
    sub: user.sub,
    enabled: user.enabled,
    created_at: user.created_at,
    password_set_at: user.password.created_at,
    ...claims,
    ...membershipFields(claims),
    ...more,
  });

/** Formats a time and how far away it is. */
export const moment = (at: number, now: number): string =>
  `${time(at)} (${at > now ? `in ${duration(at - now)}` : `${duration(now - at)} ago`})`;
