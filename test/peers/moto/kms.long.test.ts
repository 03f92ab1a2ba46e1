// The stand-in for KMS is our own, so our tests would share its mistakes. Here the same requests of the AWS SDK go to it and to
// the independent KMS of moto, and the answers are compared, errors by name. Where they differ, the documentation of AWS
// decides: the stand-in is corrected, or the difference is explained in the table below.
//
// Moto does not support GenerateDataKeyPairWithoutPlaintext, Ed25519, signatures over digests and key states. For these,
// infra/local-kms.test.ts and local-kms-wrapped.test.ts compare the stand-in with the documentation.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  GenerateDataKeyPairWithoutPlaintextCommand,
  GenerateMacCommand,
  GetPublicKeyCommand,
  type KeyMetadata,
  type KeySpec,
  type KeyUsageType,
  type KMSClient,
  type MacAlgorithmSpec,
  type MessageType,
  ScheduleKeyDeletionCommand,
  SignCommand,
  type SigningAlgorithmSpec,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Kms, startKms } from '../../../infra/local/kms/server.ts';
import { connectKms } from '../../support/kms-world.ts';
import { startShared } from '../../support/shared.ts';
import { type RunningPeer, startPeer } from '../../support/toolchain.ts';

const SIGN = 'SIGN_VERIFY';
const MAC = 'GENERATE_VERIFY_MAC';
const ENCRYPT = 'ENCRYPT_DECRYPT';
const UNKNOWN = '11111111-2222-4333-8444-555555555555';
const MESSAGE = Buffer.from('a message');

const rsa = ['PKCS1_V1_5', 'PSS'].flatMap((scheme) => [256, 384, 512].map((bits) => `RSASSA_${scheme}_SHA_${bits}`));
/** Key specs for signing, and the algorithms of each. */
const signing: Record<string, string[]> = {
  RSA_2048: rsa,
  RSA_3072: rsa,
  RSA_4096: rsa,
  ECC_NIST_P256: ['ECDSA_SHA_256'],
  ECC_NIST_P384: ['ECDSA_SHA_384'],
  ECC_NIST_P521: ['ECDSA_SHA_512'],
  ECC_SECG_P256K1: ['ECDSA_SHA_256'],
  ECC_NIST_EDWARDS25519: ['ED25519_SHA_512'],
};
const hashOf = (algorithm: string) => `sha${algorithm.slice(-3)}`;

/** The stand-in or moto, with the keys that its cases share. */
function createPeer(client: KMSClient) {
  const keys = new Map<string, Promise<string>>();

  const create = async (spec: string, usage?: string): Promise<KeyMetadata> => {
    const input = { KeySpec: spec as KeySpec, KeyUsage: usage as KeyUsageType };
    const { KeyMetadata: metadata } = await client.send(new CreateKeyCommand(input));
    if (!metadata) throw new Error('no metadata');
    return metadata;
  };
  const key = (spec: string, usage?: string): Promise<string> => {
    const name = `${spec} ${usage}`;
    const made = keys.get(name) ?? create(spec, usage).then(({ KeyId = '' }) => KeyId);
    keys.set(name, made);
    return made;
  };
  const newKey = async (spec: string, usage?: string) => (await create(spec, usage)).KeyId ?? '';

  return {
    client,
    create,
    key,
    newKey,
    disabled: async (spec: string, usage?: string) => {
      const KeyId = await newKey(spec, usage);
      await client.send(new DisableKeyCommand({ KeyId }));
      return KeyId;
    },
    doomed: async (spec: string, usage?: string) => {
      const KeyId = await newKey(spec, usage);
      await client.send(new ScheduleKeyDeletionCommand({ KeyId }));
      return KeyId;
    },
    publicKey: async (KeyId: string): Promise<KeyObject> => {
      const { PublicKey = new Uint8Array() } = await client.send(new GetPublicKeyCommand({ KeyId }));
      return createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
    },
    getPublicKey: (KeyId: string) => client.send(new GetPublicKeyCommand({ KeyId })),
    sign: async (KeyId: string, algorithm: string, MessageType?: MessageType, Message: Buffer = MESSAGE) => {
      const SigningAlgorithm = algorithm as SigningAlgorithmSpec;
      const answer = await client.send(new SignCommand({ KeyId, SigningAlgorithm, MessageType, Message }));
      return Buffer.from(answer.Signature ?? []);
    },
    mac: async (KeyId: string, algorithm: string, Message: Buffer = MESSAGE) => {
      const answer = await client.send(
        new GenerateMacCommand({ KeyId, MacAlgorithm: algorithm as MacAlgorithmSpec, Message }),
      );
      return Buffer.from(answer.Mac ?? []);
    },
    encrypt: async (KeyId: string, EncryptionContext?: Record<string, string>, Plaintext: Buffer = MESSAGE) => {
      const answer = await client.send(new EncryptCommand({ KeyId, Plaintext, EncryptionContext }));
      return Buffer.from(answer.CiphertextBlob ?? []);
    },
    decrypt: async (CiphertextBlob: Buffer, EncryptionContext?: Record<string, string>, KeyId?: string) => {
      const answer = await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext, KeyId }));
      return { text: Buffer.from(answer.Plaintext ?? []).toString(), key: answer.KeyId?.split(':')[5]?.slice(0, 4) };
    },
    pair: async (KeyId: string, spec = 'ECC_NIST_P256') => {
      const input = { KeyId, KeyPairSpec: spec as 'ECC_NIST_P256', EncryptionContext: { issuer: 'one' } };
      const answer = await client.send(new GenerateDataKeyPairWithoutPlaintextCommand(input));
      return {
        KeyPairSpec: answer.KeyPairSpec,
        parts: [answer.PublicKey, answer.PrivateKeyCiphertextBlob].map(Boolean),
      };
    },
    alias: (AliasName: string, TargetKeyId: string) => client.send(new CreateAliasCommand({ AliasName, TargetKeyId })),
    moveAlias: (AliasName: string, TargetKeyId: string) =>
      client.send(new UpdateAliasCommand({ AliasName, TargetKeyId })),
    describe: async (KeyId: string) => (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata,
    enable: (KeyId: string) => client.send(new EnableKeyCommand({ KeyId })),
    disable: (KeyId: string) => client.send(new DisableKeyCommand({ KeyId })),
    doom: (KeyId: string) => client.send(new ScheduleKeyDeletionCommand({ KeyId })),
    save: (KeyId: string) => client.send(new CancelKeyDeletionCommand({ KeyId })),
  };
}

type Peer = ReturnType<typeof createPeer>;

const sorted = (list: readonly string[] | undefined) => (list?.length ? [...list].sort() : undefined);

/** The metadata that is the same for all keys of a kind. An empty list counts as absent. */
const shapeOf = (metadata: KeyMetadata) => ({
  KeySpec: metadata.KeySpec,
  KeyUsage: metadata.KeyUsage,
  KeyState: metadata.KeyState,
  Enabled: metadata.Enabled,
  KeyManager: metadata.KeyManager,
  Origin: metadata.Origin,
  isArn: /^arn:aws:kms:us-east-1:\d{12}:key\/[\da-f-]{36}$/.test(metadata.Arn ?? ''),
  SigningAlgorithms: sorted(metadata.SigningAlgorithms),
  MacAlgorithms: sorted(metadata.MacAlgorithms),
  EncryptionAlgorithms: sorted(metadata.EncryptionAlgorithms),
});

/** Whether node:crypto accepts the signature of the message. The salt of PSS must be as long as the digest. */
function isOfMessage(key: KeyObject, algorithm: string, signature: Buffer): boolean {
  if (algorithm.startsWith('ED')) return verify(null, MESSAGE, key, signature);
  const pss = algorithm.includes('PSS') ? { padding: 6, saltLength: Number(algorithm.slice(-3)) / 8 } : {};
  return verify(hashOf(algorithm), MESSAGE, { key, ...pss }, signature);
}

type Case = (peer: Peer) => Promise<unknown>;

const flip = (bytes: Buffer): Buffer => {
  const changed = Buffer.from(bytes);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  return changed;
};

let aliases = 0;
const newAlias = () => `alias/compared-${aliases++}`;

const cases: Record<string, Case> = {
  ...Object.fromEntries([
    ...[...Object.keys(signing).map((spec) => [spec, SIGN] as const), ['RSA_2048', ENCRYPT] as const].map(
      ([spec, usage]): [string, Case] => [
        `CreateKey of ${spec} for ${usage}`,
        async (peer) => shapeOf(await peer.create(spec, usage)),
      ],
    ),
    ...[224, 256, 384, 512].map((bits): [string, Case] => [
      `CreateKey of HMAC_${bits}`,
      async (peer) => shapeOf(await peer.create(`HMAC_${bits}`, MAC)),
    ]),
  ]),
  'CreateKey without a spec': async (peer) => shapeOf(await peer.create('SYMMETRIC_DEFAULT')),
  'CreateKey of a spec that there is not': (peer) => peer.create('RSA_1024', SIGN),
  'CreateKey of a usage that there is not': (peer) => peer.create('RSA_2048', 'ANYTHING'),
  'CreateKey of a usage that does not fit the spec': (peer) => peer.create('ECC_NIST_P256', ENCRYPT),
  'CreateKey of an asymmetric key without a usage': (peer) => peer.create('RSA_2048'),
  'CreateKey of an HMAC key without a usage': (peer) => peer.create('HMAC_256'),

  'DescribeKey by id, ARN, alias and alias ARN': async (peer) => {
    const { KeyId = '', Arn = '' } = await peer.create('SYMMETRIC_DEFAULT');
    const alias = newAlias();
    await peer.alias(alias, KeyId);
    const names = [KeyId, Arn, alias, Arn.replace(`key/${KeyId}`, alias)];
    return Promise.all(names.map(async (name) => (await peer.describe(name))?.KeyId === KeyId));
  },
  'DescribeKey of an unknown key': (peer) => peer.describe(UNKNOWN),
  'DescribeKey of an unknown alias': (peer) => peer.describe('alias/unknown'),

  'CreateAlias that there is already': async (peer) => {
    const [alias, KeyId] = [newAlias(), await peer.key('SYMMETRIC_DEFAULT')];
    await peer.alias(alias, KeyId);
    return peer.alias(alias, KeyId);
  },
  'CreateAlias for an unknown key': (peer) => peer.alias(newAlias(), UNKNOWN),
  'CreateAlias of a name without alias/': async (peer) => peer.alias('name', await peer.key('SYMMETRIC_DEFAULT')),
  'CreateAlias of a name with other characters': async (peer) =>
    peer.alias('alias/a b', await peer.key('SYMMETRIC_DEFAULT')),
  'UpdateAlias to another key': async (peer) => {
    const [alias, KeyId] = [newAlias(), await peer.newKey('SYMMETRIC_DEFAULT')];
    await peer.alias(alias, await peer.key('SYMMETRIC_DEFAULT'));
    await peer.moveAlias(alias, KeyId);
    return (await peer.describe(alias))?.KeyId === KeyId;
  },
  'UpdateAlias that there is not': async (peer) => peer.moveAlias('alias/unknown', await peer.key('SYMMETRIC_DEFAULT')),

  'GetPublicKey of a signing key': async (peer) => {
    const { KeyId, KeySpec, KeyUsage, SigningAlgorithms } = await peer.getPublicKey(await peer.key('RSA_2048', SIGN));
    return { isArn: KeyId?.startsWith('arn:'), KeySpec, KeyUsage, SigningAlgorithms: sorted(SigningAlgorithms) };
  },
  'GetPublicKey of an encryption key': async (peer) => {
    const answer = await peer.getPublicKey(await peer.key('RSA_2048', ENCRYPT));
    return { usage: answer.KeyUsage, EncryptionAlgorithms: sorted(answer.EncryptionAlgorithms) };
  },
  'GetPublicKey of a symmetric key': async (peer) => peer.getPublicKey(await peer.key('SYMMETRIC_DEFAULT')),
  'GetPublicKey of an HMAC key': async (peer) => peer.getPublicKey(await peer.key('HMAC_256', MAC)),
  'GetPublicKey of an unknown key': (peer) => peer.getPublicKey(UNKNOWN),
  'GetPublicKey of a disabled key': async (peer) => peer.getPublicKey(await peer.disabled('ECC_NIST_P256', SIGN)),
  'GetPublicKey of a key that is to be deleted': async (peer) =>
    peer.getPublicKey(await peer.doomed('ECC_NIST_P256', SIGN)),

  ...Object.fromEntries(
    Object.entries(signing).flatMap(([spec, algorithms]) =>
      algorithms.flatMap((algorithm): [string, Case][] => [
        [
          `Sign RAW by ${spec} with ${algorithm}`,
          async (peer) => {
            const KeyId = await peer.key(spec, SIGN);
            return isOfMessage(await peer.publicKey(KeyId), algorithm, await peer.sign(KeyId, algorithm, 'RAW'));
          },
        ],
        [
          `Sign DIGEST by ${spec} with ${algorithm}`,
          async (peer) => {
            const KeyId = await peer.key(spec, SIGN);
            const digest = createHash(hashOf(algorithm)).update(MESSAGE).digest();
            const signature = await peer.sign(KeyId, algorithm, 'DIGEST', digest);
            return isOfMessage(await peer.publicKey(KeyId), algorithm, signature);
          },
        ],
      ]),
    ),
  ),
  'Sign without a message type': async (peer) => {
    const KeyId = await peer.key('ECC_NIST_P256', SIGN);
    return isOfMessage(await peer.publicKey(KeyId), 'ECDSA_SHA_256', await peer.sign(KeyId, 'ECDSA_SHA_256'));
  },
  'Sign with an algorithm of another spec': async (peer) =>
    peer.sign(await peer.key('ECC_NIST_P256', SIGN), 'RSASSA_PSS_SHA_256'),
  'Sign with an algorithm of another curve': async (peer) =>
    peer.sign(await peer.key('ECC_NIST_P256', SIGN), 'ECDSA_SHA_384'),
  'Sign with an algorithm that there is not': async (peer) => peer.sign(await peer.key('ECC_NIST_P256', SIGN), 'ES256'),
  'Sign by a key for encryption': async (peer) => peer.sign(await peer.key('RSA_2048', ENCRYPT), 'RSASSA_PSS_SHA_256'),
  'Sign by a symmetric key': async (peer) => peer.sign(await peer.key('SYMMETRIC_DEFAULT'), 'ECDSA_SHA_256'),
  'Sign by an unknown key': (peer) => peer.sign(UNKNOWN, 'ECDSA_SHA_256'),
  'Sign by a disabled key': async (peer) => peer.sign(await peer.disabled('ECC_NIST_P256', SIGN), 'ECDSA_SHA_256'),
  'Sign by a key that is to be deleted': async (peer) =>
    peer.sign(await peer.doomed('ECC_NIST_P256', SIGN), 'ECDSA_SHA_256'),
  'Sign an empty message': async (peer) =>
    peer.sign(await peer.key('ECC_NIST_P256', SIGN), 'ECDSA_SHA_256', 'RAW', Buffer.alloc(0)),
  'Sign a message of 4,097 bytes': async (peer) =>
    peer.sign(await peer.key('ECC_NIST_P256', SIGN), 'ECDSA_SHA_256', 'RAW', Buffer.alloc(4097)),
  'Sign a digest of another length': async (peer) =>
    peer.sign(await peer.key('ECC_NIST_P256', SIGN), 'ECDSA_SHA_256', 'DIGEST', Buffer.alloc(31)),

  ...Object.fromEntries(
    [224, 256, 384, 512].map((bits): [string, Case] => [
      `GenerateMac by HMAC_${bits}, twice`,
      async (peer) => {
        const KeyId = await peer.key(`HMAC_${bits}`, MAC);
        const [one, other] = await Promise.all([1, 2].map(() => peer.mac(KeyId, `HMAC_SHA_${bits}`)));
        return { length: one?.length, isSame: one?.equals(other ?? Buffer.of()) };
      },
    ]),
  ),
  'GenerateMac with the algorithm of another spec': async (peer) =>
    peer.mac(await peer.key('HMAC_256', MAC), 'HMAC_SHA_512'),
  'GenerateMac with an algorithm that there is not': async (peer) => peer.mac(await peer.key('HMAC_256', MAC), 'MD5'),
  'GenerateMac by a signing key': async (peer) => peer.mac(await peer.key('ECC_NIST_P256', SIGN), 'HMAC_SHA_256'),
  'GenerateMac by an unknown key': (peer) => peer.mac(UNKNOWN, 'HMAC_SHA_256'),
  'GenerateMac by a disabled key': async (peer) => peer.mac(await peer.disabled('HMAC_256', MAC), 'HMAC_SHA_256'),
  'GenerateMac by a key that is to be deleted': async (peer) =>
    peer.mac(await peer.doomed('HMAC_256', MAC), 'HMAC_SHA_256'),
  'GenerateMac of an empty message': async (peer) =>
    peer.mac(await peer.key('HMAC_256', MAC), 'HMAC_SHA_256', Buffer.alloc(0)),
  'GenerateMac of 4,097 bytes': async (peer) =>
    peer.mac(await peer.key('HMAC_256', MAC), 'HMAC_SHA_256', Buffer.alloc(4097)),

  'Decrypt what was encrypted, without naming the key': async (peer) =>
    peer.decrypt(await peer.encrypt(await peer.key('SYMMETRIC_DEFAULT'))),
  'Decrypt what was encrypted, naming the key': async (peer) => {
    const KeyId = await peer.key('SYMMETRIC_DEFAULT');
    return peer.decrypt(await peer.encrypt(KeyId), undefined, KeyId);
  },
  'Decrypt with the same context in another order': async (peer) =>
    peer.decrypt(await peer.encrypt(await peer.key('SYMMETRIC_DEFAULT'), { a: '1', b: '2' }), { b: '2', a: '1' }),
  'Decrypt with another context': async (peer) =>
    peer.decrypt(await peer.encrypt(await peer.key('SYMMETRIC_DEFAULT'), { a: '1' }), { a: '2' }),
  'Decrypt without the context': async (peer) =>
    peer.decrypt(await peer.encrypt(await peer.key('SYMMETRIC_DEFAULT'), { a: '1' })),
  'Decrypt with more of a context': async (peer) =>
    peer.decrypt(await peer.encrypt(await peer.key('SYMMETRIC_DEFAULT'), { a: '1' }), { a: '1', b: '2' }),
  'Decrypt naming another key': async (peer) =>
    peer.decrypt(
      await peer.encrypt(await peer.key('SYMMETRIC_DEFAULT')),
      undefined,
      await peer.newKey('SYMMETRIC_DEFAULT'),
    ),
  'Decrypt naming an unknown key': async (peer) =>
    peer.decrypt(await peer.encrypt(await peer.key('SYMMETRIC_DEFAULT')), undefined, UNKNOWN),
  'Decrypt a ciphertext that was changed': async (peer) =>
    peer.decrypt(flip(await peer.encrypt(await peer.key('SYMMETRIC_DEFAULT')))),
  'Decrypt what is no ciphertext': (peer) =>
    peer.decrypt(Buffer.from('no ciphertext of anything, but long enough for one')),
  'Decrypt by a key that was disabled': async (peer) => {
    const KeyId = await peer.newKey('SYMMETRIC_DEFAULT');
    const ciphertext = await peer.encrypt(KeyId);
    await peer.disable(KeyId);
    return peer.decrypt(ciphertext);
  },
  'Decrypt by a key that is to be deleted': async (peer) => {
    const KeyId = await peer.newKey('SYMMETRIC_DEFAULT');
    const ciphertext = await peer.encrypt(KeyId);
    await peer.doom(KeyId);
    return peer.decrypt(ciphertext);
  },
  'Encrypt nothing': async (peer) => peer.encrypt(await peer.key('SYMMETRIC_DEFAULT'), undefined, Buffer.alloc(0)),
  'Encrypt 4,097 bytes': async (peer) =>
    peer.encrypt(await peer.key('SYMMETRIC_DEFAULT'), undefined, Buffer.alloc(4097)),
  'Encrypt by a signing key': async (peer) => peer.encrypt(await peer.key('ECC_NIST_P256', SIGN)),
  'Encrypt by an HMAC key': async (peer) => peer.encrypt(await peer.key('HMAC_256', MAC)),
  'Encrypt by an unknown key': (peer) => peer.encrypt(UNKNOWN),
  'Encrypt by a disabled key': async (peer) => peer.encrypt(await peer.disabled('SYMMETRIC_DEFAULT')),

  'GenerateDataKeyPairWithoutPlaintext by a symmetric key': async (peer) =>
    peer.pair(await peer.key('SYMMETRIC_DEFAULT')),
  'GenerateDataKeyPairWithoutPlaintext by a signing key': async (peer) =>
    peer.pair(await peer.key('ECC_NIST_P256', SIGN)),

  'DisableKey and EnableKey': async (peer) => {
    const KeyId = await peer.disabled('SYMMETRIC_DEFAULT');
    const between = (await peer.describe(KeyId))?.KeyState;
    await peer.enable(KeyId);
    return [between, (await peer.describe(KeyId))?.KeyState];
  },
  'EnableKey of an unknown key': (peer) => peer.enable(UNKNOWN),
  'ScheduleKeyDeletion and CancelKeyDeletion': async (peer) => {
    const KeyId = await peer.doomed('SYMMETRIC_DEFAULT');
    const between = (await peer.describe(KeyId))?.KeyState;
    await peer.save(KeyId);
    return [between, (await peer.describe(KeyId))?.KeyState];
  },
  'EnableKey of a key that is to be deleted': async (peer) =>
    void (await peer.enable(await peer.doomed('SYMMETRIC_DEFAULT'))),
  'DisableKey of a key that is to be deleted': async (peer) =>
    void (await peer.disable(await peer.doomed('SYMMETRIC_DEFAULT'))),
  'ScheduleKeyDeletion of a key that is to be deleted': async (peer) =>
    void (await peer.doom(await peer.doomed('SYMMETRIC_DEFAULT'))),
  'CancelKeyDeletion of a key that is not to be deleted': async (peer) =>
    void (await peer.save(await peer.newKey('SYMMETRIC_DEFAULT'))),
};

const ANSWERED = 'an answer';

interface Difference {
  readonly cases: readonly string[];
  readonly standIn: unknown;
  readonly moto: unknown;
  /** Which of them is right, and why. */
  readonly reason: string;
}

/** The names of cases that begin with these texts. */
const named = (...beginnings: readonly string[]) =>
  Object.keys(cases).filter((name) => beginnings.some((beginning) => name.startsWith(beginning)));

const digests = named('Sign DIGEST by RSA', 'Sign DIGEST by ECC').filter((name) => !name.includes('ED25519'));
const pss = named('Sign RAW by RSA').filter((name) => name.includes('_PSS_'));

// In all of these, moto is wrong or incomplete: it stores key states without effect, checks few parameters, and supports
// neither Ed25519 nor data key pairs.
const differences: readonly Difference[] = [
  {
    cases: named('CreateKey of ECC_NIST_EDWARDS25519', 'Sign RAW by ECC_NIST_EDWARDS25519'),
    standIn: ANSWERED,
    moto: 'ValidationException',
    reason: 'moto does not know the key spec ECC_NIST_EDWARDS25519, which is documented for CreateKey',
  },
  ...[224, 256, 384, 512].map((bits) => ({
    cases: [`CreateKey of HMAC_${bits}`],
    standIn: { MacAlgorithms: [`HMAC_SHA_${bits}`], EncryptionAlgorithms: null },
    moto: { MacAlgorithms: null, EncryptionAlgorithms: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'] },
    reason: 'KeyMetadata has MacAlgorithms for GENERATE_VERIFY_MAC, and EncryptionAlgorithms for ENCRYPT_DECRYPT only',
  })),
  {
    cases: ['CreateKey without a spec'],
    standIn: { KeyUsage: ENCRYPT },
    moto: { KeyUsage: null },
    reason: 'the default of KeyUsage is ENCRYPT_DECRYPT',
  },
  {
    cases: [
      'CreateKey of a usage that there is not',
      'CreateKey of a usage that does not fit the spec',
      'CreateKey of an asymmetric key without a usage',
      'CreateKey of an HMAC key without a usage',
    ],
    standIn: 'ValidationException',
    moto: ANSWERED,
    reason: 'KeyUsage is required unless the key is symmetric and for encryption, and has to fit KeySpec',
  },
  {
    cases: ['Sign a message of 4,097 bytes', 'GenerateMac of an empty message', 'GenerateMac of 4,097 bytes'],
    standIn: 'ValidationException',
    moto: ANSWERED,
    reason: 'Message has from 1 to 4,096 bytes',
  },
  {
    cases: ['GetPublicKey of a signing key'],
    standIn: { isArn: true, KeySpec: 'RSA_2048' },
    moto: { isArn: false, KeySpec: null },
    reason: 'KeyId of the answer is the ARN of the key, and KeySpec has taken the place of CustomerMasterKeySpec',
  },
  {
    cases: ['GetPublicKey of a symmetric key', 'GetPublicKey of an HMAC key'],
    standIn: 'UnsupportedOperationException',
    moto: ANSWERED,
    reason: 'only asymmetric keys have a public key',
  },
  {
    cases: [
      'GetPublicKey of a disabled key',
      'Sign by a disabled key',
      'GenerateMac by a disabled key',
      'Decrypt by a key that was disabled',
      'Encrypt by a disabled key',
    ],
    standIn: 'DisabledException',
    moto: ANSWERED,
    reason: 'a disabled key is used for nothing: the table of key states in the developer guide',
  },
  {
    cases: [
      'GetPublicKey of a key that is to be deleted',
      'Sign by a key that is to be deleted',
      'GenerateMac by a key that is to be deleted',
      'Decrypt by a key that is to be deleted',
      'EnableKey of a key that is to be deleted',
      'DisableKey of a key that is to be deleted',
      'ScheduleKeyDeletion of a key that is to be deleted',
      'CancelKeyDeletion of a key that is not to be deleted',
    ],
    standIn: 'KMSInvalidStateException',
    moto: ANSWERED,
    reason: 'what is to be deleted can only be saved from it: the table of key states in the developer guide',
  },
  {
    cases: digests,
    standIn: true,
    moto: false,
    reason: 'moto does not read MessageType: it hashes a digest once more, so that the signature is of something else',
  },
  {
    cases: ['Sign a digest of another length'],
    standIn: 'ValidationException',
    moto: ANSWERED,
    reason: 'a digest has to be as long as the algorithm makes it',
  },
  {
    cases: pss,
    standIn: true,
    moto: false,
    reason: 'the salt of RSASSA_PSS is as long as the digest; moto makes it as long as it can be',
  },
  {
    cases: [
      'Sign with an algorithm of another spec',
      'Sign with an algorithm of another curve',
      'Sign by a key for encryption',
      'Sign by a symmetric key',
    ],
    standIn: 'InvalidKeyUsageException',
    moto: 'ValidationException',
    reason: 'InvalidKeyUsageException is documented for a KeyUsage or an algorithm that does not fit the key',
  },
  {
    cases: ['GenerateMac with the algorithm of another spec', 'Encrypt by a signing key', 'Encrypt by an HMAC key'],
    standIn: 'InvalidKeyUsageException',
    moto: ANSWERED,
    reason: 'the same, which moto does not check here',
  },
  {
    cases: ['Decrypt naming another key'],
    standIn: 'IncorrectKeyException',
    moto: 'AccessDeniedException',
    reason: 'IncorrectKeyException is documented for a KeyId that did not encrypt the ciphertext',
  },
  {
    cases: ['GenerateDataKeyPairWithoutPlaintext by a symmetric key'],
    standIn: ANSWERED,
    moto: 'SyntaxError',
    reason: 'moto does not have the operation, and answers by a page',
  },
  {
    cases: ['GenerateDataKeyPairWithoutPlaintext by a signing key'],
    standIn: 'InvalidKeyUsageException',
    moto: 'SyntaxError',
    reason: 'moto does not have the operation, and answers by a page',
  },
];

/** The outcome of a case: an answer, or the name of an error. */
type Outcome = { readonly answer: unknown } | { readonly error: string };

async function outcomeOf(run: Case, peer: Peer): Promise<Outcome> {
  try {
    return { answer: await run(peer) };
  } catch (error) {
    return { error: (error as Error).name };
  }
}

/** Both sides of a difference, without their equal members; undefined if there is none. */
function differenceOf(standIn: Outcome, moto: Outcome): { standIn: unknown; moto: unknown } | undefined {
  const isEither = 'error' in standIn || 'error' in moto;
  const [one, other] = [standIn, moto].map((it) => ('error' in it ? it.error : isEither ? ANSWERED : it.answer));
  if (isDeepStrictEqual(one, other)) return undefined;
  if (!isRecord(one) || !isRecord(other)) return { standIn: one, moto: other };
  const names = Object.keys({ ...one, ...other }).filter((name) => !isDeepStrictEqual(one[name], other[name]));
  const pick = (from: Record<string, unknown>) => Object.fromEntries(names.map((name) => [name, from[name] ?? null]));
  return { standIn: pick(one), moto: pick(other) };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);

const knownDifference = (name: string) => differences.find((difference) => difference.cases.includes(name));

const moto = await startShared('moto');

describe.skipIf(moto === undefined)('the stand-in for KMS answers like moto, or the difference is explained:', () => {
  let running: RunningPeer;
  let kms: Kms;
  let peers: { standIn: Peer; moto: Peer };

  beforeAll(async () => {
    const args = ['-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'];
    running = await startPeer(`${moto}/bin/python`, args, /Running on (http:\S+)/);
    kms = await startKms();
    peers = {
      standIn: createPeer(connectKms(kms)),
      moto: createPeer(connectKms({ endpoint: running.found[1] ?? '' })),
    };
  });

  afterAll(async () => {
    await Promise.all([running?.stop(), kms?.stop()]);
  });

  it.each(Object.entries(cases))('%s', async (name, run) => {
    const [standIn, other] = [await outcomeOf(run, peers.standIn), await outcomeOf(run, peers.moto)];
    const known = knownDifference(name);
    const difference = differenceOf(standIn, other);
    expect(difference).toEqual(known && { standIn: known.standIn, moto: known.moto });
  });

  it('every explained difference belongs to a case', () => {
    expect(differences.flatMap((difference) => difference.cases).filter((name) => !(name in cases))).toEqual([]);
  });
});
