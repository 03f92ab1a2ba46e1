// Evaluates IAM policies for one call, as a gateway does. Not imitated: Condition, NotAction, NotResource. A policy that uses
// them counts as malformed, so that nothing is allowed here that AWS would refuse.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html

/** Implicit deny: no statement allows the call. Explicit deny: a statement denies it. */
export type Decision = 'allow' | 'implicit deny' | 'explicit deny';

interface Statement {
  effect: 'Allow' | 'Deny';
  actions: string[];
  resources: string[];
}

/**
 * @param document `{ Version, Statement }`
 * @param arn the ARN of the call: `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH`
 * @returns undefined for a malformed document
 */
export function evaluatePolicy(document: unknown, arn: string): Decision | undefined {
  const statements = parsePolicy(document);
  if (!statements) return undefined;
  const effects = statements
    .filter(({ actions }) => actions.some((action) => glob(action.toLowerCase(), 'execute-api:invoke')))
    .filter(({ resources }) => resources.some((resource) => glob(resource, arn)))
    .map(({ effect }) => effect);
  if (effects.includes('Deny')) return 'explicit deny';
  return effects.includes('Allow') ? 'allow' : 'implicit deny';
}

function parsePolicy(document: unknown): Statement[] | undefined {
  if (typeof document !== 'object' || document === null) return undefined;
  const { Statement: statements } = document as { Statement?: unknown };
  if (statements === undefined) return undefined;
  const parsed = [statements].flat().map(parseStatement);
  return parsed.every((statement) => statement !== undefined) ? parsed : undefined;
}

function parseStatement(value: unknown): Statement | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { Sid: _, Effect: effect, Action: action, Resource: resource, ...rest } = value as Record<string, unknown>;
  const actions = [action].flat();
  const resources = [resource].flat();
  if (effect !== 'Allow' && effect !== 'Deny') return undefined;
  if (!actions.every(isString) || !resources.every(isString) || Object.keys(rest).length > 0) return undefined;
  return { effect, actions, resources };
}

const isString = (value: unknown): value is string => typeof value === 'string';

/** Whether `text` matches a pattern in which `*` stands for any number of characters and `?` for one. */
function glob(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(text);
}
