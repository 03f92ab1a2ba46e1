// The packaged template of each combination of parameters under cfn-lint, the linter of CloudFormation's team, which knows
// more of dependencies and of allowed values than the checker of test/infra/template-checker.long.test.ts.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStack } from '../../infra/package-stack.ts';
import { parameters } from '../../infra/stages.ts';
import type { Template } from '../../infra/template-rules.ts';
import { installPeer, python } from '../../support/toolchain.ts';

/** Those that the rules of test/infra know, and more that change names and policies of resources. */
const combinations: Record<string, Record<string, string>> = {
  ...parameters,
  named: { 'table-name': 'tokens.of-example_com', 'table-on-removal': 'Delete', 'authorizer-cache-ttl': '60' },
  branded: { 'service-name': 'Tom & Jerry’s "sign-in"', 'service-logo': 'https://example.com/logo.svg' },
};

/** A mistake, and the rule of cfn-lint that finds it. */
const mistakes: Record<string, [rule: string, plant: (template: Template) => void]> = {
  'a property that does not exist': [
    'E3002',
    ({ Resources }) => Object.assign(Resources['TokenLambdaFunction']!.Properties, { Memory: 512 }),
  ],
  'a resource that waits for the table': [
    'E3004',
    ({ Resources }) => Object.assign(Resources['HttpApi']!, { DependsOn: ['Table'] }),
  ],
};

interface Finding {
  readonly Filename: string;
  readonly Message: string;
  readonly Location: { readonly Path: readonly (string | number)[] | null };
  readonly Rule: { readonly Id: string };
}

/** Runs cfn-lint once for all files, as most of its time is that of starting it. */
async function lint(directory: string, files: readonly string[]): Promise<Finding[]> {
  // W3005: serverless writes dependencies that follow from references too.
  const options = ['--format', 'json', '--regions', 'us-east-1', '--ignore-checks', 'W3005', '--'];
  const output = await new Promise<string>((resolve, reject) => {
    // The exit code tells which kinds of findings there are.
    execFile(`${directory}/bin/cfn-lint`, [...options, ...files], { maxBuffer: 2 ** 26 }, (_error, stdout, stderr) =>
      stderr === '' ? resolve(stdout) : reject(new Error(stderr)),
    );
  });
  return JSON.parse(output) as Finding[];
}

const installed = await installPeer('test/peers/cfn-lint', python);

describe.skipIf(installed === undefined)('cfn-lint', () => {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-lint-'));
  const files: Record<string, string> = {};
  let found: Finding[];

  beforeAll(async () => {
    for (const [stage, ofStage] of Object.entries(combinations)) {
      files[stage] = (await readStack(stage, ofStage)).templateFile;
    }
    const { template } = await readStack('dev', combinations['dev']);
    for (const [mistake, [, plant]] of Object.entries(mistakes)) {
      const planted = structuredClone(template);
      plant(planted);
      files[mistake] = join(directory, `${mistake}.json`);
      writeFileSync(files[mistake], JSON.stringify(planted));
    }
    found = await lint(installed ?? '', Object.values(files));
  }, 1_200_000);
  afterAll(() => rmSync(directory, { recursive: true }));

  const findings = (name: string) => found.filter(({ Filename }) => Filename === files[name]);

  it.each(Object.keys(combinations))('finds nothing wrong with stage %s', (stage) => {
    const texts = findings(stage).map(
      ({ Rule, Location, Message }) => `${Rule.Id} ${Location.Path?.join('/')}: ${Message}`,
    );
    expect(texts).toEqual([]);
  });

  it.each(Object.entries(mistakes))('finds %s', (mistake, [rule]) => {
    expect(new Set(findings(mistake).map(({ Rule }) => Rule.Id))).toEqual(new Set([rule]));
  });
});
