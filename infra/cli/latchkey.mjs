#!/usr/bin/env node
// `npx latchkey`. TypeScript is compiled on the way in.
import { register } from 'tsx/esm/api';

// The AWS SDK announces on standard error when it will end its support of this version of Node.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

register();
const { run } = await import('./main.ts');

// Whoever reads may have had enough: `latchkey client list | head`.
process.stdout.on('error', ({ code }) => process.exit(code === 'EPIPE' ? 0 : 1));

const { env, stdin, stdout, stderr } = process;
process.exitCode = await run(process.argv.slice(2), { env, stdin, stdout, stderr, cwd: process.cwd() });
