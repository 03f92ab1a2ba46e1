// `npm start` as a process with keys of each origin, while no other test runs.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { keyOrigins } from '../../infra/local/local-keys.ts';
import { launchLocalService, type Program, root } from '../support/local-service.ts';
import { reusablePort } from '../support/port.ts';
import { expectTourToWork } from './local-tour.ts';
import { removeTemporary, temporary } from './local-world.ts';

const programs: Program[] = [];
afterAll(async () => {
  await Promise.all(programs.map((program) => program.end('SIGKILL')));
  removeTemporary();
});

it.each(keyOrigins)(
  'npm start -- --keys %s prints a tour that works, twice with the same --data, ends by SIGTERM and leaves no bundle of itself',
  async (keys) => {
    const data = temporary();
    const port = String(await reusablePort());
    for (const round of ['first', 'second']) {
      const program = launchLocalService(['--keys', keys, '--data', data, '--port', port]);
      programs.push(program);
      const { issuer, written } = await program.ready();
      expect(written.err, round).toBe('');
      await expectTourToWork(written.out, issuer);
      expect(await program.end('SIGTERM'), round).toBe(0);
      const kept = readdirSync(join(root, 'node_modules/.cache/latchkey'));
      expect(kept.filter((name) => name.endsWith('.mjs'))).toEqual([]);
    }
  },
);
