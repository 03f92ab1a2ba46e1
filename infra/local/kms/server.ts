// A stand-in for AWS KMS: an HTTP server that speaks the protocol of KMS (JSON 1.1, `TrentService.*`) with real keys of
// node:crypto, for unmodified clients. It is NOT KMS and protects nothing: private keys are in the memory of this process and,
// with `--data`, in a file.
//
// Imitated: the operations in operations.ts; key specs, usages, states, aliases and ARNs; real public keys and signatures
// (ECDSA in DER); limits for the sizes of messages and digests; encryption contexts; errors by name and status.
// Not imitated: request signatures and IAM, key policies and grants, quotas (throttling can be switched on), key rotation,
// multi-Region and imported keys, SM2, ML-DSA, Ed25519ph, key agreement, encryption with RSA keys, tags, paging, the form of
// ciphertexts, and the time that changes of states and aliases take to propagate.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadEcdsa } from './ecdsa.ts';
import { type Fault, type FaultName, faults } from './faults.ts';
import { createKeyRing, type SavedKeys } from './key-ring.ts';
import { type MakeRsaKey, makeRsaKey } from './key-spec.ts';
import { KmsError } from './kms-error.ts';
import { createOperations, type Input, type Operation } from './operations.ts';

export interface Kms {
  readonly endpoint: string;
  /** Calls an operation directly in this process, without counting and without faults. @throws KmsError */
  call(operation: string, input: Input): Record<string, unknown>;
  /** Counts the calls of each operation over HTTP since the previous call of this function. */
  takeCalls(): Record<string, number>;
  /** Makes calls of these operations fail from now on; of all operations by default. */
  fail(fault: FaultName, operations?: readonly string[]): void;
  /** Delays every answer from now on. */
  delay(milliseconds: number): void;
  /** Makes `r` or `s` of every ECDSA signature begin with a zero byte. */
  shortIntegers(on: boolean): void;
  /** Signs with this key from now on, whichever key a request names. KMS would never do that. */
  signBy(key: string): void;
  /** Ends faults, delays and `signBy`. */
  recover(): void;
  save(): SavedKeys;
  stop(): Promise<void>;
}

/**
 * Starts the stand-in on any free port.
 * @param makeRsa lets tests that need many RSA keys supply ready ones
 */
export async function startKms(saved?: SavedKeys, makeRsa: MakeRsaKey = makeRsaKey): Promise<Kms> {
  const keys = createKeyRing(saved, makeRsa);
  let short = false;
  const operations = createOperations(keys, await loadEcdsa({ shortIntegers: () => short }));
  let calls = new Map<string, number>();
  let faultOf: (operation: string) => Fault | undefined = () => undefined;
  let late = 0;
  let impostor: string | undefined;

  const run = (name: string, input: Input) => {
    const operation: Operation | undefined = operations.get(name);
    if (!operation) throw new KmsError('UnknownOperationException', `${name} is not supported here`);
    return operation(input) as Record<string, unknown>;
  };

  const substitute = (operation: string, input: Input): Input =>
    operation === 'Sign' && impostor !== undefined ? { ...input, KeyId: impostor } : input;

  const server = createServer(async (request, response) => {
    const [, operation = ''] = String(request.headers['x-amz-target']).split('.');
    const body = await read(request);
    calls.set(operation, (calls.get(operation) ?? 0) + 1);
    if (late > 0) await new Promise((resolve) => setTimeout(resolve, late));
    try {
      const fault = faultOf(operation);
      if (fault) fault(response);
      else sendResponse(response, 200, run(operation, substitute(operation, JSON.parse(body) as Input)));
    } catch (error) {
      const { name, message, status } = error instanceof KmsError ? error : internal(error);
      sendResponse(response, status, { __type: name, message });
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    call: run,
    takeCalls() {
      const taken = calls;
      calls = new Map();
      return Object.fromEntries(taken);
    },
    fail(fault, broken) {
      faultOf = (operation) => (broken === undefined || broken.includes(operation) ? faults[fault] : undefined);
    },
    delay(milliseconds) {
      late = milliseconds;
    },
    shortIntegers(on) {
      short = on;
    },
    signBy(key) {
      impostor = key;
    },
    recover() {
      impostor = undefined;
      faultOf = () => undefined;
      late = 0;
    },
    save: keys.save,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function sendResponse(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
}

const internal = (error: unknown) => new KmsError('KMSInternalException', String(error), 500);
