#!/usr/bin/env node
// `npx latchkey`. Runs the bundle that was made of the sources, and makes it first if there is none.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { requireNode } from '../require-node.mjs';
import { cache, fingerprint } from './fingerprint.mjs';

requireNode([]);

// The AWS SDK announces on standard error when it will end its support of this version of Node.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

let program = join(cache, fingerprint(), 'main.mjs');
if (!existsSync(program)) {
  requireNode(['esbuild', 'commander', '@aws-sdk/client-dynamodb']);
  const { bundleCommandLine, PROGRAM } = await import('./bundle.mjs');
  program = join(await bundleCommandLine(), PROGRAM);
}
const { run } = await import(pathToFileURL(program).href);

// Whoever reads may have had enough: `latchkey client list | head`.
process.stdout.on('error', ({ code }) => process.exit(code === 'EPIPE' ? 0 : 1));

const { env, stdin, stdout, stderr } = process;
process.exitCode = await run(process.argv.slice(2), { env, stdin, stdout, stderr, cwd: process.cwd() });
