import { Problem } from './problem.ts';

/** The limit for all variables of a function. https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
export const MAX_ENVIRONMENT_BYTES = 4_096;

/** Bytes as Lambda counts them: those of the names and values as JSON. */
export const environmentBytes = (variables: Readonly<Record<string, string>>): number =>
  Buffer.byteLength(JSON.stringify(variables));

/** The part of a packaged template that is read here. */
export interface FunctionsTemplate {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties?: object }>>;
}

type Variables = Readonly<Record<string, unknown>>;

const REFERENCE = /\{\{resolve:secretsmanager:([^:}]+):SecretString:([^:}]+)\}\}/g;

/** The names of the secrets that a template refers to. */
export const secretNames = (template: FunctionsTemplate): string[] => [
  ...new Set([...JSON.stringify(template).matchAll(REFERENCE)].map(([, name = '']) => name)),
];

/** The length of an id that AWS makes for an API. */
const ID_LENGTH = 10;

/**
 * The bytes of the variables of each function, as deployed with a secret.
 * @param secrets values by secret name, then by key
 * @returns the bytes by the logical id of the function
 * @throws Problem for a reference to a value that a secret does not have, or that is empty: REGISTRY_KEYS would turn a check off
 */
export function environmentSizes(
  template: FunctionsTemplate,
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>>,
  region: string,
): ReadonlyMap<string, number> {
  const resolve = (variable: string, value: unknown): string => {
    if (typeof value !== 'object' || value === null) {
      return String(value).replace(REFERENCE, (_, name: string, key: string) => {
        const secret = secrets[name]?.[key];
        if (typeof secret === 'string' && secret !== '') return secret;
        throw new Problem(`the secret ${name} has no ${key}, which ${variable} is taken from`);
      });
    }
    const [text] = [Object.values(value)[0]].flat();
    const known: Readonly<Record<string, string>> = { 'AWS::Region': region, 'AWS::URLSuffix': 'amazonaws.com' };
    return String(text).replace(/\$\{([^}]+)\}/g, (_, name: string) => known[name] ?? 'x'.repeat(ID_LENGTH));
  };
  const sizes = Object.entries(template.Resources)
    .filter(([, { Type }]) => Type === 'AWS::Lambda::Function')
    .map(([id, { Properties }]): [string, number] => {
      const { Environment } = (Properties ?? {}) as { Environment?: { Variables?: Variables } };
      const variables = Object.entries(Environment?.Variables ?? {});
      return [id, environmentBytes(Object.fromEntries(variables.map(([name, value]) => [name, resolve(name, value)])))];
    });
  return new Map(sizes);
}

/** @throws Problem naming the functions whose variables would not fit */
export function checkEnvironmentSizes(...given: Parameters<typeof environmentSizes>): void {
  const tooLarge = [...environmentSizes(...given)].filter(([, bytes]) => bytes > MAX_ENVIRONMENT_BYTES);
  if (tooLarge.length === 0) return;
  const sizes = tooLarge.map(([id, bytes]) => `${id} ${bytes}`).join(', ');
  throw new Problem(
    `the variables of a function may have ${MAX_ENVIRONMENT_BYTES} bytes, but with this secret these need more: ${sizes}. Remove keys that are no longer used, or choose --param keys=wrapped`,
  );
}
