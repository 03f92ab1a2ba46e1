// A container: a process that loads bundles like Lambda, and answers events from its parent process.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

process.on(
  'message',
  async (/** @type {{ number: number, name: string, event: unknown }} */ { number, name, event }) => {
    try {
      const { handler } = require(`../../dist/${name}/index.cjs`);
      process.send?.({ number, answer: await handler(event) });
    } catch (error) {
      process.send?.({ number, error: error instanceof Error ? error.message : String(error) });
    }
  },
);
process.on('disconnect', () => process.exit());
