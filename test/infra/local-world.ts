import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { watchFunctions } from '../../infra/build.mjs';
import { run } from '../../infra/local/local-service.ts';
import { type Options, parseOptions } from '../../infra/local/options.ts';
import type { Demo } from '../support/local-service.ts';

export interface LocalWorld {
  readonly issuer: string;
  /** Where it listens. */
  readonly port: number;
  /** Has the `.latchkey` of this stack. */
  readonly directory: string;
  readonly demo: Demo & { table: { endpoint: string; name: string } };
  /** What was said to the user, and what was complained about. */
  readonly said: string[];
  readonly complaints: string[];
  stop(): Promise<void>;
}

/** With another parameter besides, because each set of parameters is packaged once, which takes seconds. */
export const withKeysInKms = ['--keys', 'kms', '--param', 'token-lifetime=1234'];

/** What `npm start -- ARGS` runs, in this process, on a free port unless there is another in `args`. */
export async function startLocalWorld(args: readonly string[] = [], directory = temporary()): Promise<LocalWorld> {
  const options: Options = parseOptions([...args], { PORT: '0' });
  const said: string[] = [];
  const complaints: string[] = [];
  const stop = await run(options, { functions: Promise.resolve(), watchFunctions }, new AbortController().signal, {
    directory,
    say: (text) => void said.push(text),
    complain: (text) => void complaints.push(text),
  });
  const demo = JSON.parse(readFileSync(join(directory, '.latchkey/demo.json'), 'utf8')) as LocalWorld['demo'];
  return { issuer: demo.issuer, port: portOf(directory, demo), directory, demo, said, complaints, stop };
}

/** By the file that has the same content. */
function portOf(directory: string, { table }: LocalWorld['demo']): number {
  const files = readdirSync(join(directory, '.latchkey')).filter((name) => /^\d+\.json$/.test(name));
  const own = files.find((name) => readFileSync(join(directory, '.latchkey', name), 'utf8').includes(table.endpoint));
  return Number(own?.replace('.json', ''));
}

const made: string[] = [];

/** A directory of its own. */
export function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-'));
  made.push(directory);
  return directory;
}

/** Removes all of them. */
export function removeTemporary(): void {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
}

type Clients = Readonly<Record<string, { client_id: string; client_secret?: string }>>;

/** Asks for a token by client credentials, as one of the demo clients. */
export function requestToken(
  { issuer, demo: { clients } }: { issuer: string; demo: { clients: Clients } },
  name: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const { client_id = '', client_secret = '' } = clients[name] ?? {};
  return fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...parameters }),
  });
}
