import type { ServerResponse } from 'node:http';
import { KmsError } from './kms-error.ts';

/** A fault of a call. It throws an error of KMS, or spoils the answer. */
export type Fault = (response: ServerResponse) => void;

const refusal =
  (name: string, message: string, status = 400): Fault =>
  () => {
    throw new KmsError(name, message, status);
  };

/** Ways in which KMS, the network or the permission to use KMS can fail. */
export const faults = {
  throttled: refusal('ThrottlingException', 'You have exceeded the rate at which you may call KMS.'),
  outage: refusal('KMSInternalException', '', 500),
  'key unavailable': refusal('KeyUnavailableException', '', 500),
  'dependency timeout': refusal('DependencyTimeoutException', '', 503),
  'status 503': (response) => void response.writeHead(503).end('Service Unavailable'),
  denied: refusal('AccessDeniedException', 'is not authorized to perform this operation'),
  'expired credentials': refusal('ExpiredTokenException', 'The security token included in the request is expired'),
  disabled: refusal('DisabledException', 'The key is disabled.'),
  'pending deletion': refusal('KMSInvalidStateException', 'The key is pending deletion.'),
  'no such key': refusal('NotFoundException', 'The key does not exist'),
  'invalid request': refusal('ValidationException', '1 validation error detected'),
  'no answer ever': () => {},
  'headers, then no answer ever': (response) => void response.writeHead(200, { 'content-length': 100 }).write('{"K'),
  'connection reset': (response) => void response.socket?.resetAndDestroy(),
  'an answer in HTML': (response) => void response.writeHead(200).end('<!doctype html><title>Proxy</title>'),
  'an answer without content': (response) =>
    void response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end('{}'),
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;
