// The packaged stacks under AWS's own template checker. Starting the checker takes seconds of CPU.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CelEngine, type Engine, TemplateFile } from '@aws/cloudformation-validate';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readStack } from './package-stack.ts';
import { parameters } from './stages.ts';

const directory = mkdtempSync(join(tmpdir(), 'latchkey-checker-'));
let engine: Engine;

beforeAll(() => {
  engine = new CelEngine();
});

afterAll(() => {
  engine?.free();
  rmSync(directory, { recursive: true });
});

/** What the checker of AWS finds that stops a deployment, or a value it knows nothing of (W3030). */
function findings(file: string): string[] {
  const report = engine.validateStandard(new TemplateFile(file));
  expect(report.status).toBe('OK');
  return report.diagnostics
    .filter(({ severity, ruleId }) => severity === 'FATAL' || severity === 'ERROR' || ruleId === 'W3030')
    .map(({ ruleId, entity, message }) => `${ruleId} ${entity?.logicalId}: ${message}`);
}

it.each(Object.entries(parameters))('The template checker finds no mistake in the stage %s', async (stage, ofStage) => {
  expect(findings((await readStack(stage, ofStage)).templateFile)).toEqual([]);
});

it('The template checker finds a property, a runtime and a resource that do not exist', async () => {
  const template = structuredClone((await readStack('dev', parameters['dev'])).template);
  const { Properties } = template.Resources['TokenLambdaFunction']!;
  Object.assign(Properties, { Memory: 512, Runtime: 'nodejs99.x', Role: { 'Fn::GetAtt': ['NoRole', 'Arn'] } });
  const file = join(directory, 'template.json');
  writeFileSync(file, JSON.stringify(template));
  const found = findings(file);
  expect(found).toHaveLength(3);
  for (const mistake of ["'Memory' was unexpected", "'nodejs99.x' is not one of", "non-existent resource 'NoRole'"]) {
    expect(found).toContainEqual(expect.stringContaining(mistake));
  }
});
