import { reservedClaims } from './access-token.ts';
import { type Deployment, findingsOf, refused, sealingKeyFinding, signingKeyFinding } from './registration.ts';
import { isSameResource } from './resource-indicator.ts';
import type { ResourceServer } from './resource-server.ts';

export const judgeResourceServer = (resource: ResourceServer, deployment: Deployment) =>
  findingsOf(
    audienceFinding(resource, deployment),
    ...claimNameFindings(resource),
    encryptionKeyFinding(resource),
    signingKeyFinding(resource.access_token_signing_alg, deployment),
    sealingKeyFinding(resource.access_token_format, deployment),
  );

export type ResourceServerFinding = ReturnType<typeof judgeResourceServer>[number];

/** Clients without any API get tokens for the issuer, so no API may accept them. */
function audienceFinding(
  { identifier, audience, access_token_static_audience: shared = audience }: ResourceServer,
  { issuer }: Deployment,
) {
  if (issuer === undefined || ![identifier, audience, shared].some((id) => isSameResource(id, issuer)))
    return undefined;
  return refused('issuer_as_audience', 'the issuer is the audience of tokens that only the userinfo endpoint accepts');
}

function claimNameFindings({ groups_claim = 'groups', roles_claim = 'roles' }: ResourceServer) {
  const reserved = [groups_claim, roles_claim].find((name) => reservedClaims.has(name));
  return [
    reserved === undefined
      ? undefined
      : refused('reserved_claim', `the claim ${reserved} of a token cannot have groups or roles`),
    groups_claim === roles_claim
      ? refused('same_claim', 'groups and roles cannot be in the same claim, as nobody could tell them apart')
      : undefined,
  ];
}

function encryptionKeyFinding({ access_token_format, access_token_encryption_jwk }: ResourceServer) {
  if (access_token_format !== 'encrypted_jwt' || access_token_encryption_jwk) return undefined;
  return refused('no_key_of_its_own', 'tokens in the format encrypted_jwt need a key that they are encrypted to');
}
