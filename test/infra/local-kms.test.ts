// The stand-in for KMS, called by the unmodified AWS SDK.
import { createHash, createHmac, createPublicKey, verify } from 'node:crypto';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GenerateMacCommand,
  GetPublicKeyCommand,
  type KMSClient,
  ScheduleKeyDeletionCommand,
  SignCommand,
  UpdateAliasCommand,
  VerifyCommand,
} from '@aws-sdk/client-kms';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Kms, startKms } from '../../infra/local/kms/server.ts';
import { derToJose } from '../../lib/keys/ecdsa-signature.ts';
import { connectKms } from '../support/kms-world.ts';
import { passTime } from '../support/pass-time.ts';
import { sampled, scaled } from '../support/scale.ts';

let kms: Kms;
let client: KMSClient;

beforeAll(async () => {
  kms = await startKms();
  client = connectKms(kms);
});
afterEach(() => {
  kms.recover();
  kms.shortIntegers(false);
});
afterAll(async () => {
  client.destroy();
  await kms.stop();
});

async function create(KeySpec: string, KeyUsage?: string): Promise<string> {
  const input = { KeySpec, KeyUsage } as CreateKeyCommandInput;
  return (await client.send(new CreateKeyCommand(input))).KeyMetadata?.KeyId ?? '';
}

/** One signing key for each spec: RSA keys take long to make. */
const signingKeys = new Map<string, Promise<string>>();

function signingKey(spec: string): Promise<string> {
  const made = signingKeys.get(spec) ?? create(spec, 'SIGN_VERIFY');
  signingKeys.set(spec, made);
  return made;
}

const publicKey = async (KeyId: string) => {
  const { PublicKey = new Uint8Array() } = await client.send(new GetPublicKeyCommand({ KeyId }));
  return createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
};

const signBy = async (KeyId: string, algorithm: string, type: 'RAW' | 'DIGEST', Message: Buffer) => {
  const SigningAlgorithm = algorithm as 'ECDSA_SHA_256';
  const { Signature = new Uint8Array() } = await client.send(
    new SignCommand({ KeyId, SigningAlgorithm, MessageType: type, Message }),
  );
  return Buffer.from(Signature);
};

const fails = (promise: Promise<unknown>, name: string) => expect(promise).rejects.toMatchObject({ name });

const signing: [spec: string, algorithm: string][] = [
  ['ECC_NIST_P256', 'ECDSA_SHA_256'],
  ['ECC_NIST_P384', 'ECDSA_SHA_384'],
  ['ECC_NIST_P521', 'ECDSA_SHA_512'],
  ['ECC_SECG_P256K1', 'ECDSA_SHA_256'],
  ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_256'],
  ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_384'],
  ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_512'],
  ['RSA_2048', 'RSASSA_PSS_SHA_256'],
  ['RSA_2048', 'RSASSA_PSS_SHA_384'],
  ['RSA_2048', 'RSASSA_PSS_SHA_512'],
];

describe.each(sampled(signing, 2))('The stand-in for KMS, with a key of %s and %s,', (spec, algorithm) => {
  const hash = `sha${algorithm.slice(-3)}`;

  it('signs a message and its digest alike, and refuses digests of another size', async () => {
    const KeyId = await signingKey(spec);
    const key = await publicKey(KeyId);
    const options = algorithm.includes('PSS') ? { key, padding: 6, saltLength: Number(algorithm.slice(-3)) / 8 } : key;
    const message = Buffer.from('a message');
    const digest = createHash(hash).update(message).digest();
    expect(verify(hash, message, options, await signBy(KeyId, algorithm, 'RAW', message))).toBe(true);
    expect(verify(hash, message, options, await signBy(KeyId, algorithm, 'DIGEST', digest))).toBe(true);
    await fails(signBy(KeyId, algorithm, 'DIGEST', digest.subarray(1)), 'ValidationException');
    await fails(signBy(KeyId, algorithm, 'DIGEST', Buffer.concat([digest, digest])), 'ValidationException');
    await fails(signBy(KeyId, algorithm, 'RAW', Buffer.alloc(4097)), 'ValidationException');
    await expect(signBy(KeyId, algorithm, 'RAW', Buffer.alloc(4096))).resolves.toBeDefined();
  });
});

it('The stand-in for KMS signs messages but no digests with Ed25519', async () => {
  const KeyId = await create('ECC_NIST_EDWARDS25519', 'SIGN_VERIFY');
  const message = Buffer.from('a message');
  const signature = await signBy(KeyId, 'ED25519_SHA_512', 'RAW', message);
  expect(verify(null, message, await publicKey(KeyId), signature)).toBe(true);
  await fails(signBy(KeyId, 'ED25519_SHA_512', 'DIGEST', Buffer.alloc(64)), 'ValidationException');
});

it('The stand-in for KMS makes ECDSA signatures with short integers on demand', async () => {
  const KeyId = await create('ECC_NIST_P256', 'SIGN_VERIFY');
  const key = await publicKey(KeyId);
  kms.shortIntegers(true);
  for (let index = 0; index < scaled(20, 100); index++) {
    const message = Buffer.of(index);
    const der = await signBy(KeyId, 'ECDSA_SHA_256', 'RAW', message);
    expect(verify('sha256', message, key, der)).toBe(true);
    const jose = derToJose(der, 32);
    expect([jose[0], jose[32]]).toContain(0);
  }
});

describe('Keys of the stand-in for KMS', () => {
  it('are found by id, ARN, alias and alias ARN', async () => {
    const TargetKeyId = await create('HMAC_256', 'GENERATE_VERIFY_MAC');
    await client.send(new CreateAliasCommand({ AliasName: 'alias/mac', TargetKeyId }));
    const describe = async (KeyId: string) => (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata;
    const byId = await describe(TargetKeyId);
    expect(byId).toMatchObject({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC', KeyState: 'Enabled' });
    expect(byId?.Arn).toBe(`arn:aws:kms:us-east-1:123456789012:key/${TargetKeyId}`);
    for (const name of [byId?.Arn ?? '', 'alias/mac', 'arn:aws:kms:us-east-1:123456789012:alias/mac']) {
      expect(await describe(name)).toEqual(byId);
    }
    const other = await create('HMAC_256', 'GENERATE_VERIFY_MAC');
    await client.send(new UpdateAliasCommand({ AliasName: 'alias/mac', TargetKeyId: other }));
    expect((await describe('alias/mac'))?.KeyId).toBe(other);
    await fails(describe('alias/none'), 'NotFoundException');
    await fails(describe('00000000-0000-0000-0000-000000000000'), 'NotFoundException');
    await fails(client.send(new CreateAliasCommand({ AliasName: 'alias/mac', TargetKeyId })), 'AlreadyExistsException');
  });

  it('cannot be used while they are disabled or scheduled for deletion', async () => {
    const KeyId = await create('ECC_NIST_P256', 'SIGN_VERIFY');
    const use = () => signBy(KeyId, 'ECDSA_SHA_256', 'RAW', Buffer.from('x'));
    await client.send(new DisableKeyCommand({ KeyId }));
    await fails(use(), 'DisabledException');
    await fails(publicKey(KeyId), 'DisabledException');
    await client.send(new EnableKeyCommand({ KeyId }));
    await expect(use()).resolves.toBeDefined();
    await client.send(new ScheduleKeyDeletionCommand({ KeyId }));
    await fails(use(), 'KMSInvalidStateException');
    await fails(client.send(new EnableKeyCommand({ KeyId })), 'KMSInvalidStateException');
    await fails(client.send(new DisableKeyCommand({ KeyId })), 'KMSInvalidStateException');
  });

  it.each([
    ['a spec that there is not', 'RSA_1024', 'SIGN_VERIFY'],
    ['a usage that does not fit', 'ECC_NIST_P256', 'ENCRYPT_DECRYPT'],
    ['an asymmetric key without a usage', 'RSA_2048', undefined],
    ['an HMAC key without a usage', 'HMAC_256', undefined],
  ])('are refused with %s', async (_name, spec, usage) => {
    await fails(create(spec, usage), 'ValidationException');
  });

  it('are refused for another usage than their own', async () => {
    const [encryption, signing, mac] = await Promise.all([
      create('RSA_2048', 'ENCRYPT_DECRYPT'),
      create('ECC_NIST_P256', 'SIGN_VERIFY'),
      create('HMAC_256', 'GENERATE_VERIFY_MAC'),
    ]);
    const text = Buffer.from('x');
    await fails(signBy(encryption, 'RSASSA_PSS_SHA_256', 'RAW', text), 'InvalidKeyUsageException');
    await fails(signBy(signing, 'ECDSA_SHA_384', 'RAW', text), 'InvalidKeyUsageException');
    await fails(signBy(mac, 'ECDSA_SHA_256', 'RAW', text), 'InvalidKeyUsageException');
    await fails(signBy(signing, 'ES256', 'RAW', text), 'ValidationException');
    await fails(publicKey(mac), 'UnsupportedOperationException');
    const macBy = (KeyId: string, MacAlgorithm: 'HMAC_SHA_256' | 'HMAC_SHA_512') =>
      client.send(new GenerateMacCommand({ KeyId, MacAlgorithm, Message: text }));
    await fails(macBy(signing, 'HMAC_SHA_256'), 'InvalidKeyUsageException');
    await fails(macBy(mac, 'HMAC_SHA_512'), 'InvalidKeyUsageException');
    expect((await macBy(mac, 'HMAC_SHA_256')).Mac).toEqual((await macBy(mac, 'HMAC_SHA_256')).Mac);
  });

  it('work as before when they have been saved and loaded', async () => {
    const mac = await create('HMAC_256', 'GENERATE_VERIFY_MAC');
    const input = { KeyId: mac, MacAlgorithm: 'HMAC_SHA_256', Message: Buffer.from('x') } as const;
    const { Mac } = await client.send(new GenerateMacCommand(input));
    const signing = await create('ECC_NIST_P256', 'SIGN_VERIFY');
    await client.send(new CreateAliasCommand({ AliasName: 'alias/kept', TargetKeyId: signing }));

    const again = await startKms(JSON.parse(JSON.stringify(kms.save())));
    const second = connectKms(again);
    expect((await second.send(new GenerateMacCommand(input))).Mac).toEqual(Mac);
    const kept = await second.send(new GetPublicKeyCommand({ KeyId: 'alias/kept' }));
    expect(kept.PublicKey).toEqual((await client.send(new GetPublicKeyCommand({ KeyId: signing }))).PublicKey);
    second.destroy();
    await again.stop();
  });
});

describe('The stand-in for KMS', () => {
  it('fails on demand, for all operations or some, until it recovers', async () => {
    const KeyId = await create('HMAC_256', 'GENERATE_VERIFY_MAC');
    const describeKey = () => client.send(new DescribeKeyCommand({ KeyId }));
    kms.fail('throttled', ['GenerateMac']);
    await expect(describeKey()).resolves.toBeDefined();
    kms.fail('throttled');
    await fails(describeKey(), 'ThrottlingException');
    kms.fail('outage');
    await expect(describeKey()).rejects.toMatchObject({
      name: 'KMSInternalException',
      $metadata: { httpStatusCode: 500 },
    });
    kms.recover();
    await expect(describeKey()).resolves.toBeDefined();
  });

  it('delays answers on demand', async () => {
    const KeyId = await create('HMAC_256', 'GENERATE_VERIFY_MAC');
    kms.delay(100);
    const { waited } = await passTime(() => client.send(new DescribeKeyCommand({ KeyId })));
    expect(waited).toBeGreaterThanOrEqual(100);
  });

  it('refuses an operation that it does not imitate', async () => {
    const input = {
      KeyId: 'x',
      Message: Buffer.of(1),
      Signature: Buffer.of(1),
      SigningAlgorithm: 'ECDSA_SHA_256',
    } as const;
    await fails(client.send(new VerifyCommand(input)), 'UnknownOperationException');
  });
});

it('The stand-in for KMS counts calls', async () => {
  kms.takeCalls();
  const KeyId = await create('HMAC_256', 'GENERATE_VERIFY_MAC');
  await client.send(new DescribeKeyCommand({ KeyId }));
  await client.send(new DescribeKeyCommand({ KeyId }));
  expect(kms.takeCalls()).toEqual({ CreateKey: 1, DescribeKey: 2 });
  expect(kms.takeCalls()).toEqual({});
});

it('The stand-in for KMS computes MACs with the secret that it saves', () => {
  const { KeyMetadata } = kms.call('CreateKey', { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }) as {
    KeyMetadata: { KeyId: string };
  };
  const saved = kms.save().keys.find(({ id }) => id === KeyMetadata.KeyId);
  const Message = Buffer.from('x').toString('base64');
  const { Mac } = kms.call('GenerateMac', { KeyId: KeyMetadata.KeyId, MacAlgorithm: 'HMAC_SHA_256', Message }) as {
    Mac: string;
  };
  const secret = Buffer.from(saved?.material ?? '', 'base64');
  expect(createHmac('sha256', secret).update('x').digest('base64')).toBe(Mac);
});
