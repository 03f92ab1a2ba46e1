#!/usr/bin/env node
// `npx latchkey`: runs the bundle of the current sources, and builds it first if necessary.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { requireNode } from '../require-node.mjs';
import { cache, fingerprint } from './fingerprint.mjs';

requireNode([]);

// Otherwise the AWS SDK prints when it will drop support for this version of Node.js.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

let program = join(cache, fingerprint(), 'main.mjs');
if (!existsSync(program)) {
  requireNode(['esbuild', 'commander', '@aws-sdk/client-dynamodb']);
  const { bundleCommandLine, PROGRAM } = await import('./bundle.mjs');
  program = join(await bundleCommandLine(), PROGRAM);
}
const { run } = await import(pathToFileURL(program).href);

// A reader may close the pipe early: `latchkey client list | head`.
process.stdout.on('error', ({ code }) => process.exit(code === 'EPIPE' ? 0 : 1));

const { env, stdin, stdout, stderr } = process;
process.exitCode = await run(process.argv.slice(2), { env, stdin, stdout, stderr, cwd: process.cwd() });
