// What the functions of a packaged template may do with the table, and which private keys they have: the rows of the table in
// docs/security.md.
import type { Template } from './template-rules.ts';

interface Statement {
  readonly Action: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

interface Policy {
  readonly PolicyDocument: { readonly Statement: readonly Statement[] };
}

const resourceOf = (template: Template, name: string, type: 'Role' | 'LambdaFunction') =>
  template.Resources[`${name.charAt(0).toUpperCase()}${name.slice(1)}${type}`]?.Properties ?? {};

const statementsOf = (template: Template, name: string) =>
  (resourceOf(template, name, 'Role')['Policies'] as unknown as Policy[]).flatMap(
    ({ PolicyDocument }) => PolicyDocument.Statement,
  );

/** Kinds of items, by their names in docs/design.md. `(part)`: the role names the attributes. */
function kindsFor(actions: readonly string[], statements: readonly Statement[]): string {
  const kinds = statements
    .filter(({ Action }) => actions.some((action) => [Action].flat().includes(`dynamodb:${action}`)))
    .flatMap(({ Condition = {} }) => {
      const isPart = Condition['ForAllValues:StringEquals']?.['dynamodb:Attributes'] !== undefined;
      const leading = [Condition['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'] ?? []].flat();
      return leading.map((kind) => kind.replace('#*', '') + (isPart ? ' (part)' : ''));
    });
  return [...new Set(kinds)].toSorted().join(', ');
}

/** Public keys give no power. */
const PUBLIC = ['VERIFICATION_KEYS', 'REGISTRY_KEYS'];

function privateKeysOf(template: Template, name: string): string {
  const { Variables = {} } = (resourceOf(template, name, 'LambdaFunction')['Environment'] ?? {}) as {
    readonly Variables?: Readonly<Record<string, unknown>>;
  };
  return Object.keys(Variables)
    .filter((variable) => /_KEYS?$/.test(variable) && !PUBLIC.includes(variable))
    .toSorted()
    .join(', ');
}

/**
 * @param names of the functions
 * @param template with every function and every permission
 * @param withSecret with the keys in the secret; functions that it lacks have those of the other one
 */
export const roleTable = (names: readonly string[], template: Template, withSecret: Template): string[][] =>
  names.map((name) => {
    const statements = statementsOf(template, name);
    const hasFunction = Object.keys(resourceOf(withSecret, name, 'LambdaFunction')).length > 0;
    return [
      name,
      kindsFor(['GetItem', 'Query'], statements),
      kindsFor(['PutItem', 'UpdateItem'], statements),
      kindsFor(['DeleteItem'], statements),
      privateKeysOf(hasFunction ? withSecret : template, name),
    ];
  });
