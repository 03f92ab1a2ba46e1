// DynamoDB for development and tests: dynalite in this process. Not imitated: deletion by TTL (expired items stay until they
// are deleted), transactions, throttling, IAM, streams, and the old item in the error of a failed condition.
import { EventEmitter, once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';
import { lazy } from '../../lib/lazy.ts';
import { Problem } from '../problem.ts';
import { diskProblem } from './disk-problem.mjs';
import { createTableInput, type TableProperties } from './table-definition.ts';

/** A running table. `stop()` closes the server and its open connections. */
export interface Table {
  endpoint: string;
  tableName: string;
  stop(): Promise<void>;
}

export interface TableOptions {
  /** Directory for the data; without it, the data is in memory. */
  path?: string;
  /** Default `latchkey-test`. */
  tableName?: string;
  /** `Properties` of the table (default: those of `infra/resources`). */
  properties?: TableProperties;
}

/** Loaded only when needed, as the parser slows down the start. */
const deployed = lazy(async () => (await import('./deployed-table.ts')).deployedTable());

/** Tables of this process, by endpoint. */
const servers = new Map<string, Server>();

/**
 * Starts an embedded DynamoDB on any free port and creates the table in it.
 * @throws Problem if the directory is in use or the table cannot be created
 */
export async function startTable(options: TableOptions = {}): Promise<Table> {
  const { path, tableName = 'latchkey-test' } = options;
  const properties = options.properties ?? (await deployed());
  if (path !== undefined) await assertUnlocked(path);
  const server = dynalite({
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
    ...(path === undefined ? {} : { path }),
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  servers.set(endpoint, server);
  const answered = trackRequests(server);

  const stop = async () => {
    servers.delete(endpoint);
    // dynalite crashes the process if it is closed during a request.
    await answered();
    await new Promise<void>((resolve, reject) => {
      server.close((error) => (error ? reject(error) : resolve()));
      server.closeAllConnections();
    });
  };

  try {
    await createTable(endpoint, createTableInput(properties, tableName));
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, tableName, stop };
}

/** @returns a function that waits until every request so far has been answered or was broken off */
function trackRequests(server: Server): () => Promise<unknown> {
  const open = new Set<Promise<void>>();
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const done = new Promise<void>((resolve) => {
      const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse;
      response.end = (...args: unknown[]) => {
        resolve();
        return end(...args);
      };
      request.once('close', () => request.complete || resolve()); // broken off before dynalite handled it
    });
    open.add(done);
    void done.then(() => open.delete(done));
  });
  return () => Promise.all(open);
}

async function createTable(endpoint: string, input: TableProperties): Promise<void> {
  const refusal = await callTable(endpoint, 'CreateTable', input);
  if (refusal.error !== undefined && refusal.error !== 'ResourceInUseException') {
    throw new Problem(`the embedded table could not be created: ${refusal.message ?? refusal.error}`);
  }
  // A table answers requests only once it is active, which takes a turn of the event loop here.
  for (;;) {
    const { Table: table } = await callTable(endpoint, 'DescribeTable', { TableName: input['TableName'] });
    if (table?.TableStatus === 'ACTIVE') return;
  }
}

export const isTableHere = (endpoint: string): boolean => servers.has(endpoint);

/** What the table answers, as it would pass on the wire. */
export interface TableAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * Sends a request to a table of this process without a connection, which is most of what a request costs.
 * @param body JSON
 * @throws Error when no such table runs here
 */
export async function sendToTable(endpoint: string, headers: IncomingHttpHeaders, body: Buffer): Promise<TableAnswer> {
  const server = servers.get(endpoint);
  if (!server) throw new Error(`no table runs at ${endpoint} in this process`);
  return new Promise((resolve) => {
    const answered: Record<string, string> = {};
    // As much of a request and of a response as dynalite uses.
    const request = Object.assign(new EventEmitter(), { method: 'POST', url: '/', headers });
    const response = {
      statusCode: 200,
      setHeader(name: string, value: string | number) {
        answered[name.toLowerCase()] = String(value);
      },
      end(text: string) {
        resolve({ status: response.statusCode, headers: answered, body: Buffer.from(text) });
      },
    };
    server.emit('request', request, response);
    request.emit('data', body);
    request.emit('end');
  });
}

interface Answer {
  /** `ResourceInUseException` ... */
  error?: string;
  message?: string;
  Table?: { TableStatus: string };
}

/** Calls a table of this process. dynalite requires a signature but does not check it. */
async function callTable(endpoint: string, operation: string, input: TableProperties): Promise<Answer> {
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `DynamoDB_20120810.${operation}`,
    'x-amz-date': '20120810T000000Z',
    authorization:
      'AWS4-HMAC-SHA256 Credential=local/20120810/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
  };
  const { status, body } = await sendToTable(endpoint, headers, Buffer.from(JSON.stringify(input)));
  const answer = JSON.parse(body.toString()) as Answer & { __type?: string };
  return status === 200 ? answer : { ...answer, error: answer.__type?.split('#')[1] ?? `HTTP ${status}` };
}

/**
 * Checks the lock of a directory first, because dynalite crashes the process if another process uses the directory.
 * @throws Problem
 */
export async function assertUnlocked(path: string): Promise<void> {
  const { resolve } = createRequire(import.meta.url);
  const { Level } = createRequire(resolve('dynalite'))('level') as {
    Level: new (path: string) => { open(): Promise<void>; close(): Promise<void> };
  };
  const level = new Level(path);
  try {
    await level.open();
  } catch (error) {
    const cause = (error as Error).cause as NodeJS.ErrnoException;
    if (cause.code === 'LEVEL_LOCKED') throw new Problem(`${path} is in use by another process`);
    throw new Problem(diskProblem(cause) ?? `${path}: ${cause.message}`);
  }
  await level.close();
}
