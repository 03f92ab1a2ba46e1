import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from './problem.ts';

/** Where `npm start` left what it runs on. */
export interface LocalStack {
  readonly issuer: string;
  readonly table: { readonly endpoint: string; readonly name: string };
  /** The stand-in for KMS, where keys are wrapped by it. */
  readonly kms?: { readonly endpoint: string; readonly wrapping_key: string };
}

const FILE = join('.latchkey', 'demo.json');

/**
 * The stack that was started on this machine last, if any.
 * @throws Problem if the file is not as `npm start` writes it
 */
export function findLocalStack(cwd: string): LocalStack | undefined {
  let text: string;
  try {
    text = readFileSync(join(cwd, FILE), 'utf8');
  } catch {
    return undefined;
  }
  const { issuer, table, kms } = parse(text);
  if (typeof issuer !== 'string' || typeof table?.endpoint !== 'string' || typeof table.name !== 'string') {
    throw new Problem(`${FILE} names no table; run npm start again`);
  }
  return { issuer, table: { endpoint: table.endpoint, name: table.name }, ...(kms && { kms }) };
}

interface Written {
  readonly issuer?: unknown;
  readonly table?: { endpoint?: unknown; name?: unknown } | null;
  readonly kms?: NonNullable<LocalStack['kms']>;
}

function parse(text: string): Written {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    throw new Problem(`${FILE} is not JSON; run npm start again`);
  }
}
