// A proxy in front of the embedded table and the stand-in for KMS that enforces IAM roles: it refuses any request that the
// packaged role of the function does not allow. The access key id identifies the function: set AWS_ACCESS_KEY_ID to its name,
// and both endpoints to the proxy.
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dynamoDbRequest, type Input, kmsRequest } from './aws-request.ts';
import { ACCOUNT, type AwsRequest, isAllowed, type Statement } from './iam.ts';

/** A request that a function made. */
export interface RecordedRequest extends AwsRequest {
  readonly function: string;
  readonly isAllowed: boolean;
}

export interface RoleProxy {
  readonly endpoint: string;
  /** All requests since the start, in order. */
  readonly requests: readonly RecordedRequest[];
  stop(): Promise<void>;
}

export interface RoleProxyOptions {
  /** The statements of each role, by function. */
  readonly roles: Readonly<Record<string, readonly Statement[]>>;
  /** Endpoints. */
  readonly table: string;
  readonly kms: string;
  /** The ARN of the key that a request to KMS names. */
  keyArn(input: Input): string;
  readonly region: string;
}

export async function startRoleProxy({ roles, table, kms, keyArn, region }: RoleProxyOptions): Promise<RoleProxy> {
  const requests: RecordedRequest[] = [];

  const server = createServer(async (incoming, response) => {
    const body = await read(incoming);
    const refuse = (status: number, type: string, message: string) =>
      void response
        .writeHead(status, { 'content-type': incoming.headers['content-type'] ?? 'application/x-amz-json-1.0' })
        .end(JSON.stringify({ __type: type, message, Message: message }));
    try {
      const caller = /Credential=([^/]+)\//.exec(incoming.headers.authorization ?? '')?.[1] ?? '';
      const role = roles[caller];
      if (!role) {
        return refuse(400, 'UnrecognizedClientException', 'The security token included in the request is invalid.');
      }
      const [service = '', operation = ''] = String(incoming.headers['x-amz-target']).split('.');
      const isKms = service === 'TrentService';
      const input = JSON.parse(body.toString()) as Input;
      const asked = isKms ? kmsRequest(operation, input, keyArn(input)) : dynamoDbRequest(operation, input, region);
      const allowed = await isAllowed(role, asked);
      requests.push({ function: caller, ...asked, isAllowed: allowed });
      if (!allowed) return refuse(400, isKms ? KMS_DENIED : DYNAMODB_DENIED, denial(caller, asked));
      const answer = await forward(isKms ? kms : table, incoming, body);
      response.writeHead(answer.statusCode ?? 502, { 'content-type': answer.headers['content-type'] });
      response.end(await read(answer));
    } catch (error) {
      refuse(500, 'InternalFailure', String(error));
      requests.push({ function: String(error), action: '', resource: '', context: {}, isAllowed: false });
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

// DynamoDB and KMS name the error differently.
const KMS_DENIED = 'AccessDeniedException';
const DYNAMODB_DENIED = 'com.amazon.coral.service#AccessDeniedException';

const denial = (caller: string, { action, resource }: AwsRequest) =>
  `User: arn:aws:sts::${ACCOUNT}:assumed-role/${caller}/${caller} is not authorized to perform: ${action} on resource: ` +
  `${resource} because no identity-based policy allows the ${action} action`;

async function forward(endpoint: string, { headers }: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
  const { host: _, connection: __, ...rest } = headers;
  // A new connection each time, because a kept one may be closed just when it is used again.
  const forwarded = httpRequest(endpoint, { method: 'POST', agent: false, headers: rest });
  forwarded.end(body);
  const [answer] = (await once(forwarded, 'response')) as [IncomingMessage];
  return answer;
}

async function read(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
