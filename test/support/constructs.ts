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
  // One over what is there ends with it, and one that compares a number with its end.
  loop: (node) =>
    ['WhileStatement', 'DoWhileStatement'].includes(node.type) ||
    (node.type === 'ForOfStatement' && node['await'] === true) ||
    (node.type === 'ForStatement' && !(isNode(node['test']) && [...within(node['test'])].some(isComparison))),
  'read of many': (node) =>
    isCallOf(node, isMethod(['query', 'scan', 'list', 'batch'])) && (node['arguments'] as unknown[]).length > 0,
  wait: (node) => isCallOf(node, isFunction('setTimeout', 'setInterval')),
};

/** The variables that a function, or the file, declares outside of the functions in it. */
function declaredIn(owner: Node): Set<string> {
  const names = new Set<string>();
  const visit = (node: Node) => {
    if (node.type === 'VariableDeclarator') {
      const name = nameOf(node['id']);
      if (name !== undefined) names.add(name);
    }
    for (const child of childrenOf(node)) if (!FUNCTIONS.has(child.type)) visit(child);
  };
  visit(owner);
  return names;
}

/** The variable of which this makes a list, an array of numbers or an object longer. */
function grownBy(node: Node): string | undefined {
  if (isCallOf(node, isMethod(['push', 'unshift']))) return nameOf((node['callee'] as Node)['object']);
  const target = node['left'];
  const isPlace = node.type === 'AssignmentExpression' && isNode(target) && target.type === 'MemberExpression';
  return isPlace && target['computed'] === true ? nameOf(target['object']) : undefined;
}

/** Whether a function grows a list that lives longer than its call, as it is declared around it. */
function growsOuterList(file: Node): boolean {
  const visit = (node: Node, own: Set<string>, outer: ReadonlySet<string>): boolean => {
    const grown = grownBy(node);
    if (grown !== undefined && !own.has(grown) && outer.has(grown)) return true;
    return childrenOf(node).some((child) =>
      FUNCTIONS.has(child.type)
        ? visit(child, declaredIn(child), new Set([...outer, ...own]))
        : visit(child, own, outer),
    );
  };
  return visit(file, declaredIn(file), new Set());
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

/** Whether a named function uses itself, directly or through other names of the file. */
function isRecursive(file: Node): boolean {
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
  return [...uses.keys()].some((name) => reaches(name, name, new Set()));
}

export function constructsIn(source: string): Construct[] {
  const file = parseAst(source, { lang: 'ts' }) as unknown as Node;
  const found = new Set<Construct>();
  for (const node of within(file)) {
    for (const [name, test] of Object.entries(tests)) if (test(node)) found.add(name as Construct);
  }
  if (growsOuterList(file)) found.add('collection');
  if (isRecursive(file)) found.add('recursion');
  return [...found];
}
