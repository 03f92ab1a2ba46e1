// The operations of KMS that Latchkey and its tests use: (input) -> output, with bytes in base64.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html
import { createHmac, createPublicKey, type KeyObject } from 'node:crypto';
import type { SignEcdsa } from './ecdsa.ts';
import { decrypt, type EncryptionContext, encrypt, invalidCiphertext, keyIdOf } from './envelope.ts';
import type { KeyRing, KmsKey } from './key-ring.ts';
import { keySpec, macAlgorithms, signingAlgorithms } from './key-spec.ts';
import { invalidState, KmsError, validation } from './kms-error.ts';
import { signAs } from './sign.ts';

export type Input = Readonly<Record<string, unknown>>;
export type Operation = (input: Input) => object;

export function createOperations(keys: KeyRing, signEcdsa: SignEcdsa): ReadonlyMap<string, Operation> {
  const { use, find } = keys;

  /** @param from the states in which the operation is allowed */
  const setState =
    (state: KmsKey['state'], from: readonly KmsKey['state'][]): Operation =>
    ({ KeyId }) => {
      const key = find(KeyId);
      if (!from.includes(key.state)) throw invalidState(key);
      key.state = state;
      return { KeyId: key.arn, KeyState: state };
    };
  const inService = ['Enabled', 'Disabled'] as const;

  return new Map<string, Operation>([
    [
      'CreateKey',
      ({ KeySpec = 'SYMMETRIC_DEFAULT', KeyUsage }) => ({
        KeyMetadata: metadata(keys.create(String(KeySpec), KeyUsage as string | undefined)),
      }),
    ],
    ['DescribeKey', ({ KeyId }) => ({ KeyMetadata: metadata(find(KeyId)) })],
    ['EnableKey', setState('Enabled', inService)],
    ['DisableKey', setState('Disabled', inService)],
    ['ScheduleKeyDeletion', setState('PendingDeletion', inService)],
    ['CancelKeyDeletion', setState('Disabled', ['PendingDeletion'])],
    [
      'CreateAlias',
      ({ AliasName, TargetKeyId }) => {
        if (keys.hasAlias(String(AliasName))) throw new KmsError('AlreadyExistsException', `${AliasName} exists`);
        keys.setAlias(aliasName(AliasName), find(TargetKeyId));
        return {};
      },
    ],
    [
      'UpdateAlias',
      ({ AliasName, TargetKeyId }) => {
        if (!keys.hasAlias(String(AliasName)))
          throw new KmsError('NotFoundException', `Alias ${AliasName} is not found.`);
        keys.setAlias(aliasName(AliasName), find(TargetKeyId));
        return {};
      },
    ],
    ['GetPublicKey', ({ KeyId }) => describePublic(use(KeyId))],
    [
      'Sign',
      ({ KeyId, SigningAlgorithm, Message, MessageType = 'RAW' }) => {
        if (MessageType !== 'RAW' && MessageType !== 'DIGEST') throw validation(`MessageType ${MessageType}`);
        const algorithm = oneOf(signingAlgorithms, SigningAlgorithm, 'signingAlgorithm');
        const key = usedFor('SIGN_VERIFY', use(KeyId));
        if (!keySpec(key.spec).signingAlgorithms.includes(algorithm)) throw incompatible(key, algorithm);
        const signature = signAs(algorithm, privateKey(key), MessageType, bytes(Message), signEcdsa);
        return { KeyId: key.arn, Signature: signature.toString('base64'), SigningAlgorithm };
      },
    ],
    [
      'GenerateMac',
      ({ KeyId, MacAlgorithm, Message }) => {
        const algorithm = oneOf(macAlgorithms, MacAlgorithm, 'macAlgorithm');
        const key = usedFor('GENERATE_VERIFY_MAC', use(KeyId));
        if (!keySpec(key.spec).macAlgorithms?.includes(algorithm)) throw incompatible(key, algorithm);
        const message = bytes(Message);
        if (message.length === 0 || message.length > 4096) throw validation(`Value at 'message' has a wrong length`);
        const mac = createHmac(`sha${algorithm.slice(-3)}`, secret(key))
          .update(message)
          .digest('base64');
        return { KeyId: key.arn, Mac: mac, MacAlgorithm };
      },
    ],
    [
      'GenerateDataKeyPairWithoutPlaintext',
      ({ KeyId, KeyPairSpec, EncryptionContext = {} }) => {
        const key = usedFor('ENCRYPT_DECRYPT', use(KeyId));
        if (key.spec !== 'SYMMETRIC_DEFAULT') throw incompatible(key, 'GenerateDataKeyPair');
        const pair = keys.generate(String(KeyPairSpec));
        if ('secret' in pair) throw validation(`Value '${KeyPairSpec}' at 'keyPairSpec' failed to satisfy constraint`);
        const plaintext = pair.privateKey.export({ format: 'der', type: 'pkcs8' });
        const ciphertext = encrypt(key.id, secret(key), plaintext, EncryptionContext as EncryptionContext);
        const PrivateKeyCiphertextBlob = ciphertext.toString('base64');
        return { KeyId: key.arn, KeyPairSpec, PrivateKeyCiphertextBlob, PublicKey: spki(pair.privateKey) };
      },
    ],
    [
      'Encrypt',
      ({ KeyId, Plaintext, EncryptionContext = {} }) => {
        const key = usedFor('ENCRYPT_DECRYPT', use(KeyId));
        const plaintext = bytes(Plaintext);
        if (plaintext.length === 0 || plaintext.length > 4096)
          throw validation(`Value at 'plaintext' has a wrong length`);
        if (key.spec !== 'SYMMETRIC_DEFAULT') throw incompatible(key, 'SYMMETRIC_DEFAULT');
        const ciphertext = encrypt(key.id, secret(key), plaintext, EncryptionContext as EncryptionContext);
        const EncryptionAlgorithm = 'SYMMETRIC_DEFAULT';
        return { KeyId: key.arn, CiphertextBlob: ciphertext.toString('base64'), EncryptionAlgorithm };
      },
    ],
    [
      'Decrypt',
      ({ KeyId, CiphertextBlob, EncryptionContext = {} }) => {
        const ciphertext = bytes(CiphertextBlob);
        const made = attempt(() => find(keyIdOf(ciphertext)), invalidCiphertext);
        if (KeyId !== undefined && find(KeyId) !== made) {
          throw new KmsError(
            'IncorrectKeyException',
            'The key ID in the request does not identify a CMK that can do it.',
          );
        }
        const key = usedFor('ENCRYPT_DECRYPT', use(made.id));
        const plaintext = decrypt(secret(key), ciphertext, EncryptionContext as EncryptionContext);
        const EncryptionAlgorithm = 'SYMMETRIC_DEFAULT';
        return { KeyId: key.arn, Plaintext: plaintext.toString('base64'), EncryptionAlgorithm };
      },
    ],
  ]);
}

const metadata = ({ id, arn, spec, usage, state }: KmsKey) => ({
  KeyId: id,
  Arn: arn,
  KeySpec: spec,
  CustomerMasterKeySpec: spec,
  KeyUsage: usage,
  KeyState: state,
  Enabled: state === 'Enabled',
  KeyManager: 'CUSTOMER',
  Origin: 'AWS_KMS',
  ...algorithmsOf({ spec, usage }),
});

/** The algorithms of a key for its usage. */
const algorithmsOf = ({ spec, usage }: Pick<KmsKey, 'spec' | 'usage'>) => ({
  ...(usage === 'SIGN_VERIFY' && { SigningAlgorithms: keySpec(spec).signingAlgorithms }),
  ...(usage === 'GENERATE_VERIFY_MAC' && { MacAlgorithms: keySpec(spec).macAlgorithms }),
  ...(usage === 'ENCRYPT_DECRYPT' && { EncryptionAlgorithms: keySpec(spec).encryptionAlgorithms }),
});

function describePublic(key: KmsKey) {
  if ('secret' in key.material) {
    throw new KmsError('UnsupportedOperationException', `GetPublicKey is not supported for key ${key.arn}.`);
  }
  return {
    KeyId: key.arn,
    KeySpec: key.spec,
    CustomerMasterKeySpec: key.spec,
    KeyUsage: key.usage,
    PublicKey: spki(key.material.privateKey),
    ...algorithmsOf(key),
  };
}

const spki = (key: KeyObject) => createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64');

/** Like KMS, refuses an unknown value before it looks at the key. */
function oneOf(values: ReadonlySet<string>, value: unknown, member: string): string {
  if (values.has(String(value))) return String(value);
  throw validation(`Value '${value}' at '${member}' failed to satisfy constraint`);
}

function usedFor(usage: string, key: KmsKey): KmsKey {
  if (key.usage === usage) return key;
  const message = `${key.arn} key usage is ${key.usage} which is not valid for this operation.`;
  throw new KmsError('InvalidKeyUsageException', message);
}

const incompatible = (key: KmsKey, algorithm: string) =>
  new KmsError('InvalidKeyUsageException', `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`);

const bytes = (text: unknown) => Buffer.from(String(text ?? ''), 'base64');

function privateKey({ material, spec }: KmsKey): KeyObject {
  if ('privateKey' in material) return material.privateKey;
  throw new Error(`${spec} has no private key`);
}

function secret({ material, spec }: KmsKey): Buffer {
  if ('secret' in material) return material.secret;
  throw new Error(`${spec} has no secret`);
}

function aliasName(name: unknown): string {
  if (/^alias\/(?!aws\/)[\w/-]+$/.test(String(name))) return String(name);
  throw validation(`Value '${name}' at 'aliasName' failed to satisfy constraint`);
}

function attempt<Value>(make: () => Value, otherwise: () => Error): Value {
  try {
    return make();
  } catch {
    throw otherwise();
  }
}
