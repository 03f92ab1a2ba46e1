// The intrinsic functions of CloudFormation that a packaged template of this service can contain.
// Not imitated: conditions (Fn::If), mappings, imports from other stacks, macros, Systems Manager references.
import { Problem } from '../problem.ts';

/** The values that `Ref`, `Fn::GetAtt` and dynamic references resolve to. */
export interface Scope {
  /** The value of `Ref NAME`: a resource's physical id, a parameter or a pseudo parameter. Undefined = unknown. */
  ref(name: string): unknown;
  /** The value of `Fn::GetAtt NAME.ATTRIBUTE`. Undefined = unknown. */
  attribute(name: string, attribute: string): string | undefined;
  /** Stands in for Secrets Manager: values by secret name, then by key. */
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** The value of `Ref AWS::NoValue`. A property with this value is dropped. */
export const noValue = Symbol('AWS::NoValue');

/**
 * Resolves every intrinsic function and dynamic reference in a value.
 * @param path the place of the value for error messages: logical id, then properties
 * @throws Problem naming `path` and what could not be resolved
 */
export function resolve(value: unknown, path: string, scope: Scope): unknown {
  if (typeof value === 'string') return dynamicReferences(value, path, scope);
  if (Array.isArray(value)) {
    return value.map((item, index) => resolve(item, `${path}[${index}]`, scope)).filter((item) => item !== noValue);
  }
  if (typeof value !== 'object' || value === null) return value;

  const entries = Object.entries(value);
  const [name, argument] = entries[0] ?? [''];
  if (entries.length === 1 && (name === 'Ref' || name.startsWith('Fn::'))) {
    const intrinsic = intrinsics.get(name);
    if (!intrinsic) throw new Problem(`${path}: cannot resolve ${name} locally`);
    return intrinsic(argument, path, scope);
  }
  return Object.fromEntries(
    entries
      .map(([key, item]): [string, unknown] => [key, resolve(item, `${path}.${key}`, scope)])
      .filter(([, item]) => item !== noValue),
  );
}

type Intrinsic = (argument: unknown, path: string, scope: Scope) => unknown;

const intrinsics = new Map<string, Intrinsic>([
  ['Ref', (name, path, scope) => found(scope.ref(String(name)), `Ref ${name}`, path)],
  [
    'Fn::GetAtt',
    (argument, path, scope) => {
      const [name = '', ...rest] = Array.isArray(argument) ? argument : String(argument).split('.');
      const attribute = rest.join('.');
      return found(scope.attribute(name, attribute), `Fn::GetAtt ${name}.${attribute}`, path);
    },
  ],
  [
    'Fn::Sub',
    (argument, path, scope) => {
      const [text, variables = {}] = Array.isArray(argument) ? argument : [argument];
      const own = resolve(variables, path, scope) as Record<string, unknown>;
      const substituted = String(text).replace(/\$\{(!?)([^}]*)\}/g, (match, literal: string, name: string) => {
        if (literal) return `\${${name}}`;
        if (Object.hasOwn(own, name)) return String(own[name]);
        const [id = '', ...attribute] = name.split('.');
        const value = attribute.length > 0 ? scope.attribute(id, attribute.join('.')) : scope.ref(name);
        return String(found(value, `${match} of Fn::Sub`, path));
      });
      return dynamicReferences(substituted, path, scope);
    },
  ],
  [
    'Fn::Join',
    (argument, path, scope) => {
      const [separator, items] = list(argument, 'Fn::Join', path);
      return dynamicReferences(
        strings(resolve(items, path, scope), 'Fn::Join', path).join(String(separator)),
        path,
        scope,
      );
    },
  ],
  [
    'Fn::Split',
    (argument, path, scope) => {
      const [separator, text] = list(argument, 'Fn::Split', path);
      return String(resolve(text, path, scope)).split(String(separator));
    },
  ],
  [
    'Fn::Select',
    (argument, path, scope) => {
      const [index, items] = list(argument, 'Fn::Select', path);
      return found(list(resolve(items, path, scope), 'Fn::Select', path)[Number(index)], `Fn::Select ${index}`, path);
    },
  ],
]);

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html
function dynamicReferences(text: string, path: string, { secrets }: Scope): string {
  return text.replace(/\{\{resolve:([^}]*)\}\}/g, (reference, inside: string) => {
    const [service, name = '', kind, key = ''] = inside.split(':');
    if (service !== 'secretsmanager' || kind !== 'SecretString') {
      throw new Problem(`${path}: cannot resolve ${reference} locally`);
    }
    const value = secrets[name]?.[key];
    if (value === undefined) throw new Problem(`${path}: the local secret ${name} has no ${key}`);
    return value;
  });
}

function found(value: unknown, what: string, path: string): unknown {
  if (value === undefined) throw new Problem(`${path}: cannot resolve ${what} locally`);
  return value;
}

function list(value: unknown, what: string, path: string): unknown[] {
  if (!Array.isArray(value)) throw new Problem(`${path}: ${what} needs a list`);
  return value;
}

function strings(value: unknown, what: string, path: string): string[] {
  const items = list(value, what, path);
  if (items.some((item) => typeof item === 'object')) throw new Problem(`${path}: ${what} needs a list of strings`);
  return items.map(String);
}
