import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { configDefaults, defineConfig, type Plugin } from 'vitest/config';
import { BaseSequencer, type Reporter, type TestSpecification } from 'vitest/node';

/** Ends the run with one plain line, whatever prints the rest. */
const tally: Reporter = {
  onTestRunEnd(modules) {
    const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state));
    const count = (state: string) => states.filter((candidate) => candidate === state).length;
    console.log(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
  },
};

/** The folders and files that take longest, the longest first, so that the run does not end with one of them alone. */
const slow = [
  'infra/local-',
  'infra/template',
  'browser/',
  'upgrade',
  'key-registry/users',
  'processes/',
  'infra/',
  'store/',
  'endpoints/authorization',
  'key-registry/',
  'grants/',
  'aws-client',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = slow.findIndex((name) => moduleId.includes(`/test/${name}`));
      return place === -1 ? slow.length : place;
    };
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}

/** Makes passwords cheap to hash. Processes that a test starts hash them as deployed functions do. */
const cheapPasswords = {
  find: /.*\/scrypt-cost\.ts$/,
  replacement: fileURLToPath(new URL('test/support/scrypt-cost.ts', import.meta.url)),
};

const inProcessHttp = fileURLToPath(new URL('test/support/in-process-http.ts', import.meta.url));

/** Lets the client of AWS reach embedded tables without connections and signatures. */
const tablesWithoutConnections: Plugin = {
  name: 'tables-without-connections',
  enforce: 'pre',
  // No alias, because it would hold for every file.
  transform: (code, id) =>
    id.endsWith('/lib/aws-client.ts')
      ? code.replace(/'node:http'|'\.\/aws-signature\.ts'/g, JSON.stringify(inProcessHttp))
      : undefined,
};

/** Only in the long run. Those named `serial` measure elapsed time, so each has the machine to itself. */
const long = 'test/**/*.long.test.ts';
const serial = 'test/**/*.serial.test.ts';

// `vitest run` is the normal run; `vitest run --mode long` is everything.
export default defineConfig(({ mode }) => {
  // Most code runs a few times only, so V8 optimises it fifteen times as late as by default, which takes a fifth less of the CPU.
  // That of Node.js 24 has no such option.
  if (mode !== 'long' && process.versions.v8.startsWith('11.')) setFlagsFromString('--interrupt-budget=1000000');
  const common = {
    globalSetup: ['test/support/build.ts', 'test/support/shared-programs.ts'],
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true', TEST_RUN: mode === 'long' ? 'long' : 'normal' },
    pool: 'threads' as const,
    isolate: false,
    // No test depends on how fast the machine is: these end what hangs.
    testTimeout: 1_200_000,
    hookTimeout: 1_200_000,
    expect: { poll: { timeout: 240_000 } },
  };
  const all = {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, serial, ...(mode === 'long' ? [] : [long])],
  };
  const run = { ...common, ...all, name: 'parallel', maxWorkers: 3, sequence: { groupOrder: 0 } };
  const alone = { ...common, include: [serial], name: 'serial', maxWorkers: 1, sequence: { groupOrder: 1 } };
  return {
    test: {
      reporters: ['default', tally],
      sequence: { sequencer: LongestFirst },
      projects: (mode === 'long' ? [run, alone] : [run]).map((test) => ({
        resolve: { alias: [cheapPasswords] },
        plugins: mode === 'long' ? [] : [tablesWithoutConnections],
        test,
      })),
    },
  };
});
