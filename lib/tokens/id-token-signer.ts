import type { AlgorithmName } from '../keys/algorithm.ts';
import type { Signer, Signers } from '../keys/signer.ts';
import type { Client } from '../oauth/client.ts';

/** What a client expects that is registered for none. OpenID Connect Registration section 2 */
const EXPECTED: AlgorithmName = 'RS256';

/**
 * Also for logout tokens, which a client verifies as it does ID tokens (OpenID Connect Back-Channel Logout section 2.6).
 * @throws KeyError without a key of the algorithm that the client is registered for; Unavailable
 */
export const idTokenSigner = (
  { id_token_signed_response_alg: alg }: Pick<Client, 'id_token_signed_response_alg'>,
  signers: Signers,
): Signer | Promise<Signer> => (alg === undefined ? signers.prefer(EXPECTED) : signers.get(alg));
