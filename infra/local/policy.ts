// IAM policies as a gateway evaluates them for one call. Not imitated: Condition, NotAction, NotResource; a policy that
// uses them is no policy here, so that nothing is allowed that would be refused on AWS.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html

/** `implicit` deny: no statement allows the call; `explicit`: one denies it. */
export type Decision = 'allow' | 'implicit deny' | 'explicit deny';

interface Statement {
  effect: 'Allow' | 'Deny';
  actions: string[];
  resources: string[];
}

/**
 * @param document `{ Version, Statement }`
 * @param arn of the call: `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH`
 * @returns undefined if the document is no policy
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

/** Whether `text` matches a pattern in which `*` stands for any characters, none included, and `?` for one. */
function glob(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(text);
}
