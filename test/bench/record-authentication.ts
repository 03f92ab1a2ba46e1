// What it would cost to authenticate each record of a client, API or user when it is read: npx tsx test/bench/record-authentication.ts
// docs/decisions/signed-registry.md says why it is not done.

import { createHmac, createSecretKey, randomBytes, sign, verify } from 'node:crypto';
import { newKeyPair } from '../../infra/key-pair.ts';
import { signedBytes } from '../../lib/key-registry/signature.ts';
import { client } from '../support/world.ts';
import { interleave } from './measure.ts';

const record = client('web', { client_name: 'A web app', redirect_uris: ['https://app.example/callback'] });
/** The canonical form of a record, as of the registry. */
const bytes = () => signedBytes('https://issuer.example', { keys: [record as never], sequence: 1, signed_at: 1 });

const ed25519 = newKeyPair('ed25519');
const es256 = newKeyPair('ec', { namedCurve: 'P-256' });
const secret = createSecretKey(randomBytes(32));
const byEd25519 = sign(null, bytes(), ed25519.privateKey);
const byEs256 = sign('sha256', bytes(), es256.privateKey);

const rounds = await interleave(
  {
    'canonical form and SHA-256': { call: bytes },
    'HMAC-SHA-256': { call: () => createHmac('sha256', secret).update(bytes()).digest() },
    'Ed25519 verification': { call: () => verify(null, bytes(), ed25519.publicKey, byEd25519) },
    'ES256 verification': { call: () => verify('sha256', bytes(), es256.publicKey, byEs256) },
  },
  { rounds: 100, milliseconds: 2, warmUp: 200 },
);
for (const [name, times] of rounds) {
  // The fastest round, because a busy machine slows the others down.
  console.info(`${name.padEnd(28)} ${Math.min(...times).toFixed(1)} µs a record`);
}
