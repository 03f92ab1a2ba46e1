// Whether IAM lets a role do something: asked of @cloud-copilot/iam-simulate, which knows every action, the resources it is
// for and the condition keys it has. One thing it does not evaluate, conditions on `kms:EncryptionContext:`, is done here.
import { runSimulation } from '@cloud-copilot/iam-simulate';

/** A statement of an identity-based policy, with everything in it resolved. */
export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Conditions;
}

type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

/** What IAM decides about. */
export interface AwsRequest {
  /** `dynamodb:GetItem` */
  readonly action: string;
  /** ARN */
  readonly resource: string;
  /** Condition key -> its values: `dynamodb:LeadingKeys`, `kms:EncryptionContext:issuer` and so on. */
  readonly context: Readonly<Record<string, readonly string[]>>;
}

export const ACCOUNT = '123456789012';

const CONTEXT = 'kms:EncryptionContext:';

/** The default policy of a KMS key: the account's IAM policies decide. */
const keyPolicy = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: 'kms:*', Resource: '*' }],
};

export const list = <Value>(value: Value | readonly Value[]): readonly Value[] =>
  Array.isArray(value) ? value : [value as Value];

/** @throws Error for a request or a policy that the simulator cannot judge: it is never taken for an answer */
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
            // The simulator tells a key with one value from a key with several by this.
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
    throw new Error(`${action} on ${resource} cannot be judged: ${JSON.stringify(outcome.errors)}`);
  }
  const ignored = outcome.resultType === 'single' ? (outcome.result.ignoredContextKeys ?? []) : [];
  if (ignored.length > 0) throw new Error(`${action} has no condition key ${ignored.join(', ')}`);
  return outcome.overallResult === 'Allowed';
}

const isMultivalued = (key: string) => ['dynamodb:LeadingKeys', 'kms:EncryptionContextKeys'].includes(key);

/** The condition keys that requests here are given: of any other it would not be known whether it holds. */
const known = (key: string) => key === 'dynamodb:LeadingKeys' || key.startsWith('kms:');

/** The statement without the conditions that are evaluated here, or no statement where they do not hold. */
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

/** The smallest parts of what statements allow: one action on one resource, for one kind of leading key. */
export const partsOf = (statements: readonly Statement[]): Statement[] =>
  statements.flatMap((statement) =>
    list(statement.Action).flatMap((Action) =>
      list(statement.Resource).flatMap((Resource) =>
        conditionParts(statement.Condition).map((part) => ({ ...statement, Action, Resource, ...part })),
      ),
    ),
  );

const LEADING_KEYS = 'dynamodb:LeadingKeys';
const FOR_ALL_LIKE = 'ForAllValues:StringLike';

function conditionParts(conditions: Conditions | undefined): { Condition?: Conditions }[] {
  const kinds = conditions?.[FOR_ALL_LIKE]?.[LEADING_KEYS];
  if (kinds === undefined) return conditions ? [{ Condition: conditions }] : [{}];
  return list(kinds).map((kind) => ({
    Condition: { ...conditions, [FOR_ALL_LIKE]: { ...conditions?.[FOR_ALL_LIKE], [LEADING_KEYS]: kind } },
  }));
}

/** `dynamodb:GetItem CLIENT#*`, or with the end of the ARN. */
export function namePart({ Action, Resource, Condition }: Statement): string {
  const kind = Condition?.[FOR_ALL_LIKE]?.[LEADING_KEYS];
  return `${Action} ${kind ?? String(Resource).replace(/^arn:aws:\w+:[\w-]*:\d*:/, '')}`;
}
