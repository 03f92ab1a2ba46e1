import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, type ScalarTag } from 'yaml';
import { Problem } from '../problem.ts';
import { findTable, type TableProperties } from './table-definition.ts';

// `!Ref`, `!Sub` … are only kept from being a parse error: nothing in a key schema uses them.
const shortForms = [
  'Ref',
  'Sub',
  'GetAtt',
  'Join',
  'Select',
  'Split',
  'If',
  'Equals',
  'Not',
  'And',
  'Or',
  'ImportValue',
];
export const customTags = shortForms.flatMap((name): ScalarTag[] => [
  { tag: `!${name}`, resolve: (value: string) => value },
  { tag: `!${name}`, collection: 'seq', resolve: (value: unknown) => value } as unknown as ScalarTag,
]);

const fragments = fileURLToPath(new URL('../resources/', import.meta.url));

/** The table as deployed, read from the CloudFormation fragments under `infra/resources`. */
export function deployedTable(directory = fragments): TableProperties {
  for (const file of readdirSync(directory).filter((name) => /\.ya?ml$/.test(name))) {
    const document = parse(readFileSync(join(directory, file), 'utf8'), { customTags }) as TableProperties;
    const table = findTable(document?.['Resources'] ?? document);
    if (table) return table.properties;
  }
  throw new Problem(`no AWS::DynamoDB::Table among the fragments of ${directory}`);
}
