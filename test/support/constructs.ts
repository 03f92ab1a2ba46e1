// What in a source file can grow, repeat, fan out, read many items or wait, by its syntax tree: docs/bounds.md.
import { parseAst } from 'vitest/node';

export type Construct = 'collection' | 'fan-out' | 'loop' | 'recursion' | 'read of many' | 'wait';

interface Node {
  readonly type: string;
  readonly [member: string]: unknown;
}

const isNode = (value: unknown): value is Node => typeof (value as Node | null)?.type === 'string';

const childrenOf = (node: Node): Node[] => Object.values(node).flat().filter(isNode);

function* within(node: Node): Generator<Node> {
  yield node;
  for (const child of childrenOf(node)) yield* within(child);
}

const nameOf = (value: unknown): string | undefined =>
  isNode(value) && value.type === 'Identifier' ? String(value['name']) : undefined;

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

const isCallOf = (node: Node, name: (callee: Node) => boolean): boolean =>
  node.type === 'CallExpression' && isNode(node['callee']) && name(node['callee']);

const isMethod = (names: readonly string[], object?: string) => (callee: Node) =>
  callee.type === 'MemberExpression' &&
  names.includes(nameOf(callee['property']) ?? '') &&
  (object === undefined || nameOf(callee['object']) === object);

const isFunction =
  (...names: string[]) =>
  (callee: Node) =>
    names.includes(nameOf(callee) ?? '');

/** A list that is written out has the length that it has. */
const isWrittenOut = (argument: unknown): boolean =>
  isNode(argument) &&
  argument.type === 'ArrayExpression' &&
  !(argument['elements'] as (Node | null)[]).some((element) => element?.type === 'SpreadElement');

/** What takes as long as somebody else does, or begins what nobody waits for. */
const isWaiting = ({ type, operator }: Node) =>
  type === 'AwaitExpression' || (type === 'UnaryExpression' && operator === 'void');

const waits = (part: unknown): boolean => isNode(part) && [...within(part)].some(isWaiting);

const isComparison = ({ type, operator }: Node) =>
  type === 'BinaryExpression' && ['<', '<=', '>', '>='].includes(String(operator));

/** Those that need no look at the rest of the file. */
const tests: Readonly<Record<Exclude<Construct, 'recursion'>, (node: Node) => boolean>> = {
  // Those that are made of something have its size.
  collection: (node) =>
    node.type === 'NewExpression' &&
    ['Map', 'Set'].includes(nameOf(node['callee']) ?? '') &&
    (node['arguments'] as unknown[]).length === 0,
  'fan-out': (node) =>
    isCallOf(node, isFunction('inParallel')) ||
    (isCallOf(node, isMethod(['all', 'allSettled', 'any', 'race'], 'Promise')) &&
      !isWrittenOut((node['arguments'] as unknown[])[0])),
  // One over what is there ends with it, and one that compares a number with its end; at once, unless it waits.
  loop: (node) =>
    ['WhileStatement', 'DoWhileStatement'].includes(node.type) ||
    (['ForOfStatement', 'ForInStatement', 'ForStatement'].includes(node.type) && waits(node['body'])) ||
    (isCallOf(node, isMethod(['forEach'])) && (node['arguments'] as unknown[]).some(waits)) ||
    (node.type === 'ForOfStatement' && node['await'] === true) ||
    (node.type === 'ForStatement' && !(isNode(node['test']) && [...within(node['test'])].some(isComparison))),
  'read of many': (node) =>
    isCallOf(node, isMethod(['slice'], 'table')) ||
    (isCallOf(node, isMethod(['query', 'scan', 'list', 'batch'])) && (node['arguments'] as unknown[]).length > 0),
  wait: (node) => isCallOf(node, isFunction('setTimeout', 'setInterval')),
};

/** The variables that a function, or the file, declares outside of the functions in it. */
function declaredIn(owner: Node): Set<string> {
  const names = new Set<string>();
  const visit = (node: Node) => {
    if (node.type === 'VariableDeclarator' && isNode(node['id'])) {
      for (const part of within(node['id'])) names.add(nameOf(part) ?? '');
    }
    for (const child of childrenOf(node)) if (!FUNCTIONS.has(child.type)) visit(child);
  };
  visit(owner);
  return names;
}

/** The variable that a name or a member of a member begins with. */
function variableOf(value: unknown): string | undefined {
  const isMember = isNode(value) && value.type === 'MemberExpression';
  return isMember ? variableOf(value['object']) : nameOf(value);
}

/** Whether a value is made of what a variable holds and of more: `[...all, one]`, `all.concat(one)`, `{ ...all, [name]: one }`. */
function isLonger(value: unknown, variable: string): boolean {
  if (!isNode(value)) return false;
  if (isCallOf(value, isMethod(['concat', 'toSpliced']))) return variableOf(value['callee']) === variable;
  const parts = ((value['elements'] ?? value['properties'] ?? []) as (Node | null)[]).filter(isNode);
  const spreads = parts.some(({ type, argument }) => type === 'SpreadElement' && variableOf(argument) === variable);
  return spreads && (value.type === 'ArrayExpression' || parts.some((part) => part['computed'] === true));
}

/** The variable of which this makes a list, an array of numbers or an object longer. */
function grownBy(node: Node): string | undefined {
  if (isCallOf(node, isMethod(['push', 'unshift', 'splice']))) return variableOf(node['callee']);
  const target = node['left'];
  if (node.type !== 'AssignmentExpression' || !isNode(target)) return undefined;
  const variable = variableOf(target);
  const isPlace = target.type === 'MemberExpression' && target['computed'] === true;
  return variable !== undefined && (isPlace || isLonger(node['right'], variable)) ? variable : undefined;
}

/** Each list that a function makes longer, and that lives longer than the function's call, as it is declared around it. */
function outerListsIn(file: Node): string[] {
  const grown: { readonly name: string; readonly scope: ReadonlySet<string> }[] = [];
  const visit = (node: Node, scopes: readonly ReadonlySet<string>[]): void => {
    const name = grownBy(node);
    const scope = name === undefined ? undefined : scopes.findLast((names) => names.has(name));
    const isNew = !grown.some((known) => known.name === name && known.scope === scope);
    if (name !== undefined && scope && scope !== scopes.at(-1) && isNew) grown.push({ name, scope });
    for (const child of childrenOf(node)) {
      visit(child, FUNCTIONS.has(child.type) ? [...scopes, declaredIn(child)] : scopes);
    }
  };
  visit(file, [declaredIn(file)]);
  return grown.map(({ name }) => name);
}

/** The names that a node uses from around it, without those of types and members. */
function outerNamesIn(node: Node): string[] {
  const name = nameOf(node);
  if (name !== undefined) return [name];
  const isMember = (child: Node) =>
    node['computed'] !== true &&
    (child === node['property'] || (node.type === 'Property' && child === node['key'] && child !== node['value']));
  const used = childrenOf(node)
    .filter((child) => !isMember(child) && !child.type.startsWith('TSType'))
    .flatMap(outerNamesIn);
  if (!FUNCTIONS.has(node.type)) return used;
  const own = new Set([...(node['params'] as Node[]).flatMap(outerNamesIn), ...declaredIn(node), nameOf(node['id'])]);
  return used.filter((one) => !own.has(one));
}

/** The named functions that use themselves, directly or through other names of the file. */
function recursiveFunctionsIn(file: Node): string[] {
  const uses = new Map<string, Set<string>>();
  for (const node of within(file)) {
    const made = node.type === 'FunctionDeclaration' ? node : node['init'];
    const name = nameOf(node['id']);
    if (name === undefined || !isNode(made) || !FUNCTIONS.has(made.type)) continue;
    const used = uses.get(name) ?? new Set<string>();
    uses.set(name, used);
    const { id: _, ...anonymous } = made;
    for (const one of outerNamesIn(anonymous as Node)) used.add(one);
  }
  const reaches = (from: string, to: string, seen: Set<string>): boolean =>
    [...(uses.get(from) ?? [])].some((name) => {
      if (name === to) return true;
      if (seen.has(name)) return false;
      seen.add(name);
      return reaches(name, to, seen);
    });
  return [...uses.keys()].filter((name) => reaches(name, name, new Set()));
}

/** As often as there are some: each loop, each list, each function that calls itself. */
export function constructsIn(source: string): Construct[] {
  const file = parseAst(source, { lang: 'ts' }) as unknown as Node;
  const found: Construct[] = [];
  for (const node of within(file)) {
    for (const [name, test] of Object.entries(tests)) if (test(node)) found.push(name as Construct);
  }
  found.push(...outerListsIn(file).map(() => 'collection' as const));
  found.push(...recursiveFunctionsIn(file).map(() => 'recursion' as const));
  return found;
}
