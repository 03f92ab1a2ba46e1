import { accessTokenFormats } from '../oauth/access-token.ts';
import type { Client } from '../oauth/client.ts';
import type { List } from './lists.ts';
import {
  createFinderWithoutSecrets,
  createRecordStore,
  type ListedRecordKind,
  listOfRecords,
  type RecordStore,
} from './record.ts';
import { hashedSecret } from './secret.ts';
import { boolean, listOf, type Members, number, oneOf, optional, parser, text } from './shape.ts';
import type { Table } from './table.ts';

const members: Members<Client> = {
  client_id: text,
  client_name: optional(text),
  token_endpoint_auth_method: optional(text),
  grant_types: listOf(text),
  scope: text,
  resources: listOf(text),
  access_token_format: optional(oneOf(...accessTokenFormats)),
  access_token_lifetime: optional(number),
  secrets: listOf(hashedSecret),
  enabled: boolean,
  redirect_uris: optional(listOf(text)),
  private_use_schemes: optional(listOf(text)),
  response_types: optional(listOf(text)),
  response_modes: optional(listOf(text)),
  require_pkce: optional(boolean),
  require_consent: optional(boolean),
  logo_uri: optional(text),
  client_uri: optional(text),
  policy_uri: optional(text),
  tos_uri: optional(text),
  id_token_signed_response_alg: optional(text),
  default_max_age: optional(number),
  refresh_token_lifetime: optional(number),
  refresh_token_idle_lifetime: optional(number),
  refresh_reuse_interval: optional(number),
  post_logout_redirect_uris: optional(listOf(text)),
  backchannel_logout_uri: optional(text),
  backchannel_logout_session_required: optional(boolean),
  end_grants_on_logout: optional(boolean),
  allowed_origins: optional(listOf(text)),
  user_claims_in_id_token: optional(boolean),
  groups: optional(listOf(text)),
  roles: optional(listOf(text)),
};

export const clientAttributesWithoutSecrets = Object.keys(members).filter((attribute) => attribute !== 'secrets');

const CLIENT: ListedRecordKind<Client> = {
  kind: 'CLIENT',
  key: (client_id) => ({ pk: `CLIENT#${client_id}`, sk: 'CLIENT' }),
  idOf: ({ client_id }) => client_id,
  parse: parser(members),
  listedAs: ({ client_id }) => client_id,
};

export const createClientStore = (table: Table): RecordStore<Client> => createRecordStore(table, CLIENT);

export const listOfClients = (): List<Client> => listOfRecords(CLIENT);

export const createClientFinder = (table: Table): ((client_id: string) => Promise<Client | undefined>) =>
  createFinderWithoutSecrets(table, CLIENT, clientAttributesWithoutSecrets);
