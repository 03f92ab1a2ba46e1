import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, type ScalarTag } from 'yaml';
import { Problem } from '../problem.ts';
import { findTable, type TableProperties } from './table-definition.ts';

// The short forms are declared so that the parser accepts them. Their values do not matter for a key schema.
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
    const text = readFileSync(join(directory, file), 'utf8');
    if (!text.includes('AWS::DynamoDB::Table')) continue; // parsing takes long
    const document = parse(text, { customTags }) as TableProperties;
    const table = findTable(document?.['Resources'] ?? document);
    if (table) return table.properties;
  }
  throw new Problem(`no file in ${directory} has an AWS::DynamoDB::Table: add one`);
}
