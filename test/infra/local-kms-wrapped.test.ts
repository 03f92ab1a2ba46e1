// Key pairs that leave the stand-in for KMS wrapped, through the unmodified AWS SDK.
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { DecryptCommand, GenerateDataKeyPairWithoutPlaintextCommand, type KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Kms, startKms } from '../../infra/local/kms/server.ts';
import { connectKms, createKey } from '../support/kms-world.ts';
import { makeRsaKey } from '../support/rsa-keys.ts';

let kms: Kms;
let client: KMSClient;
beforeAll(async () => {
  kms = await startKms(undefined, makeRsaKey);
  client = connectKms(kms);
});
afterAll(async () => {
  client.destroy();
  await kms.stop();
});

const create = () => createKey(kms, 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT');
const fails = (promise: Promise<unknown>, name: string) => expect(promise).rejects.toMatchObject({ name });

describe('The stand-in for KMS wraps and unwraps a key pair of', () => {
  const EncryptionContext = { issuer: 'https://issuer.example', kid: 'one' };

  it.each(['ECC_NIST_P256', 'RSA_2048', 'ECC_NIST_EDWARDS25519'] as const)('%s', async (KeyPairSpec) => {
    const KeyId = create();
    const pair = await client.send(
      new GenerateDataKeyPairWithoutPlaintextCommand({ KeyId, KeyPairSpec, EncryptionContext }),
    );
    const unwrap = (input: object = {}) =>
      client.send(new DecryptCommand({ CiphertextBlob: pair.PrivateKeyCiphertextBlob, EncryptionContext, ...input }));
    const der = Buffer.from((await unwrap()).Plaintext ?? []);
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    const spki = createPublicKey({ key: Buffer.from(pair.PublicKey ?? []), format: 'der', type: 'spki' });
    expect(createPublicKey(privateKey).equals(spki)).toBe(true);
    const hash = KeyPairSpec === 'ECC_NIST_EDWARDS25519' ? null : 'sha256';
    expect(verify(hash, Buffer.from('x'), spki, sign(hash, Buffer.from('x'), privateKey))).toBe(true);

    await fails(unwrap({ EncryptionContext: { ...EncryptionContext, kid: 'two' } }), 'InvalidCiphertextException');
    await fails(unwrap({ EncryptionContext: undefined }), 'InvalidCiphertextException');
    const altered = Buffer.from(pair.PrivateKeyCiphertextBlob ?? []);
    altered[altered.length - 1]! ^= 1;
    await fails(unwrap({ CiphertextBlob: altered }), 'InvalidCiphertextException');
    await fails(unwrap({ CiphertextBlob: Buffer.from('not a ciphertext') }), 'InvalidCiphertextException');
    await fails(unwrap({ KeyId: create() }), 'IncorrectKeyException');
    kms.call('DisableKey', { KeyId });
    await fails(unwrap(), 'DisabledException');
  });
});
