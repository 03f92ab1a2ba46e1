import { type Deployment, findingsOf, refused, sealingKeyFinding, signingKeyFinding } from './registration.ts';
import { isSameResource } from './resource-indicator.ts';
import type { ResourceServer } from './resource-server.ts';

export const judgeResourceServer = (resource: ResourceServer, deployment: Deployment) =>
  findingsOf(
    audienceFinding(resource, deployment),
    encryptionKeyFinding(resource),
    signingKeyFinding(resource.access_token_signing_alg, deployment),
    sealingKeyFinding(resource.access_token_format, deployment),
  );

export type ResourceServerFinding = ReturnType<typeof judgeResourceServer>[number];

/** Clients without any API get tokens for the issuer, so no API may accept them. */
function audienceFinding({ identifier, audience }: ResourceServer, { issuer }: Deployment) {
  if (issuer === undefined || ![identifier, audience].some((id) => isSameResource(id, issuer))) return undefined;
  return refused('issuer_as_audience', 'the issuer is the audience of tokens that only the userinfo endpoint accepts');
}

function encryptionKeyFinding({ access_token_format, access_token_encryption_jwk }: ResourceServer) {
  if (access_token_format !== 'encrypted_jwt' || access_token_encryption_jwk) return undefined;
  return refused('no_key_of_its_own', 'tokens in the format encrypted_jwt need a key that they are encrypted to');
}
