// Whether IAM allows a request, according to @cloud-copilot/iam-simulate, which knows the resources and condition keys of every
// action. Conditions on `kms:EncryptionContext:`, which it does not evaluate, are evaluated here.
import { runSimulation } from '@cloud-copilot/iam-simulate';

/** A statement of an identity-based policy, without intrinsic functions. */
export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Conditions;
}

type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

/** A request that IAM allows or denies. */
export interface AwsRequest {
  /** `dynamodb:GetItem` */
  readonly action: string;
  /** ARN */
  readonly resource: string;
  /** Values by condition key, such as `dynamodb:LeadingKeys` or `kms:EncryptionContext:issuer`. */
  readonly context: Readonly<Record<string, readonly string[]>>;
}

export const ACCOUNT = '123456789012';

const CONTEXT = 'kms:EncryptionContext:';

/** The default policy of a KMS key, which leaves decisions to the IAM policies of the account. */
const keyPolicy = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'kms:*', Resource: '*' }],
};

export const list = <Value>(value: Value | readonly Value[]): readonly Value[] =>
  Array.isArray(value) ? value : [value as Value];

/** @throws Error for a request or a policy that the simulator cannot evaluate */
export async function isAllowed(statements: readonly Statement[], request: AwsRequest): Promise<boolean> {
  const { action, resource, context } = request;
  const outcome = await runSimulation(
    {
      request: {
        principal: `arn:aws:iam::${ACCOUNT}:role/role`,
        action,
        resource: { resource, accountId: ACCOUNT },
        contextVariables: Object.fromEntries(
          Object.entries(context)
            .filter(([key]) => !key.startsWith(CONTEXT))
            // The simulator takes a list for a key with several values.
            .map(([key, values]) => [key, isMultivalued(key) ? [...values] : (values[0] ?? '')]),
        ),
      },
      identityPolicies: [
        {
          name: 'role',
          policy: {
            Version: '2012-10-17',
            Statement: statements.flatMap((statement) => withoutEncryptionContext(statement, request)),
          },
        },
      ],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(action.startsWith('kms:') && { resourcePolicy: keyPolicy }),
    },
    {},
  );
  if (outcome.resultType === 'error') {
    throw new Error(`${action} on ${resource} cannot be evaluated: ${JSON.stringify(outcome.errors)}`);
  }
  const ignored = outcome.resultType === 'single' ? (outcome.result.ignoredContextKeys ?? []) : [];
  if (ignored.length > 0) throw new Error(`${action} has no condition key ${ignored.join(', ')}`);
  return outcome.overallResult === 'Allowed';
}

const isMultivalued = (key: string) =>
  ['dynamodb:LeadingKeys', 'dynamodb:Attributes', 'kms:EncryptionContextKeys'].includes(key);

/** The condition keys that requests have in these tests. A condition on any other key could not be evaluated. */
const known = (key: string) =>
  ['dynamodb:LeadingKeys', 'dynamodb:Attributes', 'dynamodb:Select', 'dynamodb:ReturnValues'].includes(key) ||
  key.startsWith('kms:');

/** Removes the conditions that are evaluated here, or the whole statement if one of them does not hold. */
function withoutEncryptionContext(statement: Statement, { context }: AwsRequest): Statement[] {
  const { Condition = {}, ...rest } = statement;
  const left: Record<string, Record<string, string | readonly string[]>> = {};
  for (const [operator, conditions] of Object.entries(Condition)) {
    for (const [key, wanted] of Object.entries(conditions)) {
      if (!known(key)) throw new Error(`the condition key ${key} is not evaluated here`);
      if (!key.startsWith(CONTEXT)) {
        left[operator] = { ...left[operator], [key]: wanted };
        continue;
      }
      if (operator !== 'StringEquals') throw new Error(`${operator} of ${key} is not evaluated here`);
      const [actual] = context[key] ?? [];
      if (actual === undefined || !list(wanted).includes(actual)) return [];
    }
  }
  return [{ ...rest, ...(Object.keys(left).length > 0 && { Condition: left }) }];
}

/** Splits statements into the smallest permissions: one action on one resource for one kind of leading key. */
export const splitStatements = (statements: readonly Statement[]): Statement[] =>
  statements.flatMap((statement) =>
    list(statement.Action).flatMap((Action) =>
      list(statement.Resource).flatMap((Resource) =>
        splitCondition(statement.Condition).map((part) => ({ ...statement, Action, Resource, ...part })),
      ),
    ),
  );

const LEADING_KEYS = 'dynamodb:LeadingKeys';
const FOR_ALL_LIKE = 'ForAllValues:StringLike';

function splitCondition(conditions: Conditions | undefined): { Condition?: Conditions }[] {
  const kinds = conditions?.[FOR_ALL_LIKE]?.[LEADING_KEYS];
  if (kinds === undefined) return conditions ? [{ Condition: conditions }] : [{}];
  return list(kinds).map((kind) => ({
    Condition: { ...conditions, [FOR_ALL_LIKE]: { ...conditions?.[FOR_ALL_LIKE], [LEADING_KEYS]: kind } },
  }));
}

const ATTRIBUTES = 'dynamodb:Attributes';
const FOR_ALL_EQUAL = 'ForAllValues:StringEquals';

/** The statement with one attribute less, for each attribute that its requests may mention. */
export const withoutEachAttribute = (statement: Statement): [attribute: string, Statement][] =>
  list(statement.Condition?.[FOR_ALL_EQUAL]?.[ATTRIBUTES] ?? []).map((attribute, _index, all) => [
    attribute,
    {
      ...statement,
      Condition: {
        ...statement.Condition,
        [FOR_ALL_EQUAL]: { [ATTRIBUTES]: all.filter((other) => other !== attribute) },
      },
    },
  ]);

/** Names a permission, such as `dynamodb:GetItem CLIENT#*`, or by the end of its ARN. */
export function statementName({ Action, Resource, Condition }: Statement): string {
  const kind = Condition?.[FOR_ALL_LIKE]?.[LEADING_KEYS];
  return `${Action} ${kind ?? String(Resource).replace(/^arn:aws:\w+:[\w-]*:\d*:/, '')}`;
}
