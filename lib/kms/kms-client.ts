import {
  DecryptCommand,
  type DecryptCommandInput,
  GenerateDataKeyPairWithoutPlaintextCommand,
  type GenerateDataKeyPairWithoutPlaintextCommandInput,
  GenerateMacCommand,
  type GenerateMacCommandInput,
  GetPublicKeyCommand,
  KMSClient,
  type KMSClientConfig,
  SignCommand,
  type SignCommandInput,
} from '@aws-sdk/client-kms';

// The SDK's client, and nothing else of ours: the build makes this file a bundle of its own, which is loaded at the first
// call, because in the bundle of a function it would add to every start. So it must not throw errors that we tell apart.

export type KmsOptions = Pick<KMSClientConfig, 'region' | 'endpoint' | 'credentials' | 'requestHandler'>;
export type SigningAlgorithm = NonNullable<SignCommandInput['SigningAlgorithm']>;
export type KeyPairSpec = NonNullable<GenerateDataKeyPairWithoutPlaintextCommandInput['KeyPairSpec']>;

type Call = { readonly abortSignal: AbortSignal; readonly requestTimeout: number };

/** KMS in the few operations that are used, one attempt each. */
export function createKmsClient(options: KmsOptions) {
  const client = new KMSClient({ ...options, maxAttempts: 1 });
  return {
    getPublicKey: (KeyId: string, call: Call) => client.send(new GetPublicKeyCommand({ KeyId }), call),
    sign: (input: SignCommandInput, call: Call) => client.send(new SignCommand(input), call),
    generateMac: (input: GenerateMacCommandInput, call: Call) => client.send(new GenerateMacCommand(input), call),
    decrypt: (input: DecryptCommandInput, call: Call) => client.send(new DecryptCommand(input), call),
    generateKeyPair: (input: GenerateDataKeyPairWithoutPlaintextCommandInput, call: Call) =>
      client.send(new GenerateDataKeyPairWithoutPlaintextCommand(input), call),
  };
}

export type KmsClient = ReturnType<typeof createKmsClient>;
