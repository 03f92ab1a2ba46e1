// The functions of a packaged template, with their variables and the permissions of their roles.
import { resolve } from '../../infra/local/intrinsics.ts';
import { readTemplate } from '../../infra/local/template.ts';
import { createScope, type Template } from '../../infra/local/template-scope.ts';
import type { Statement } from './iam.ts';

export interface PackagedFunction {
  readonly environment: Readonly<Record<string, string>>;
  readonly role: readonly Statement[];
  /** The log group of the function. */
  readonly logGroup: string;
}

export interface PackagedStack {
  readonly tableName: string;
  readonly region: string;
  /** By the name of the file in `functions/`. */
  readonly functions: Readonly<Record<string, PackagedFunction>>;
}

interface Policy {
  readonly PolicyDocument: { readonly Statement: readonly Statement[] };
}

/** @param secrets values by secret name, then by key */
export function readPackagedStack(text: string, secrets: Record<string, Record<string, string>>): PackagedStack {
  const stack = readTemplate(text, secrets);
  const template = JSON.parse(text) as Template;
  const scope = createScope(template, secrets);

  const roleOf = (logicalId: string): readonly Statement[] => {
    const role = template.Resources?.[logicalId]?.Properties?.['Role'] as { 'Fn::GetAtt': [string, 'Arn'] };
    const [name] = role['Fn::GetAtt'];
    const { Properties = {} } = template.Resources?.[name] ?? {};
    const policies = resolve(Properties['Policies'], `${name}.Policies`, scope) as Policy[];
    return policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
  };

  const functions = [...stack.functions.values()].map(({ logicalId, name, handler, environment }) => {
    const [, file = ''] = handler.split('/');
    return [file, { environment, role: roleOf(logicalId), logGroup: `/aws/lambda/${name}` }] as const;
  });
  return {
    tableName: stack.table?.tableName ?? '',
    region: stack.api.region,
    functions: Object.fromEntries(functions),
  };
}
