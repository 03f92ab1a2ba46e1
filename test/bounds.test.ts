// Holds docs/bounds.md against the source: everything in lib that can grow, fan out, repeat, read many items or wait has a line
// there, and each bound that is named has the value in the code.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { constructsIn } from './support/constructs.ts';
import { document, section } from './support/docs.ts';
import { root } from './support/local-service.ts';

const files = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file: `lib/${file}`, source: readFileSync(join(root, 'lib', file), 'utf8') }));

const rows = section(document('docs/bounds.md'), 'What has a bound')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()));

describe('The page of bounds', () => {
  it.each(
    Object.entries({
      collection: [
        'const known = new Map<string, Promise<Client | undefined>>();',
        'export const make = () => ({ seen: new Set() });',
        'const all: string[] = []; export const note = (one: string) => all.push(one);',
        'function create() { const blocks: Block[] = []; return { add(block) { blocks[block.number] = block; } }; }',
        'const byName: Record<string, number> = {}; function put(name: string) { byName[name] = 1; }',
        'let all: string[] = []; export const note = (one: string) => { all = [...all, one]; };',
        'let all: string[] = []; export const note = (one: string) => { all = all.concat(one); };',
        'let [from, all] = [0, []]; export const note = (one: string) => { all = [...all, one]; };',
        'let byName = {}; function put(name: string) { byName = { ...byName, [name]: 1 }; }',
        'const state = { all: [] }; export const note = (one: string) => state.all.push(one);',
        'const state = { all: [] }; export const note = (one: string) => { state.all = [one, ...state.all]; };',
      ],
      'fan-out': [
        'await Promise.all(grants.map(end));',
        'await Promise.all([...ids].map(end));',
        'await Promise.race([first, ...others]);',
        'inParallel(all, 2, end)',
      ],
      loop: [
        'while (page) {}',
        'do {} while (start);',
        'for (;;) {}',
        'for (let n = q.shift(); n && has(); n = q.shift()) {}',
        'async function all() { for await (const page of pages) {} }',
        'for (const grant of grants) await end(grant);',
        'for (const grant of grants) { if (isOpen(grant)) void end(grant); }',
        'for (const name in grants) await end(name);',
        'for (let n = 0; n < Infinity; n++) { await more(); }',
        'grants.forEach(async (grant) => { await end(grant); });',
        'grants.forEach((grant) => void end(grant));',
      ],
      recursion: [
        'const walk = (node: Node): void => node.children.forEach((child) => walk(child));',
        'const walk = (node: Node): void => node.children.forEach(walk);',
      ],
      'read of many': [
        'const all = await table.query(pk, from);',
        'clients.list({ pk, sk })',
        'clients.batch(pk, range)',
        'await table.slice(pk, range)',
      ],
      wait: ['setTimeout(resolve, pause)'],
    }).flatMap(([name, lines]) => lines.map((line) => [name, line] as const)),
  )('asks for the bound of a %s: %s', (name, line) => {
    expect(constructsIn(line)).toEqual([name]);
  });

  it.each([
    'await Promise.all([one, two]);',
    'for (let at = 0; at < all.length; at++) {}',
    'for (const one of all) {}',
    'for (const one of await all()) {}',
    'all.forEach((one) => sum(one));',
    'text.slice(0, 5)',
    'new Map(pairs)',
    '// while (1)',
    'const text = "while (true) {}";',
    'function f() { const own: number[] = []; own.push(1); return own; }',
    'function f() { let own: number[] = []; own = [...own, 1]; return own; }',
    'let last = {}; function note(one: object) { last = { ...last, one }; }',
    'function f() { g(); } function g() {}',
  ])('asks for none of: %s', (line) => {
    expect(constructsIn(line)).toEqual([]);
  });

  it.each([
    ['loop', 'while (page) {} function more() { while (page) {} }'],
    ['fan-out', 'await Promise.all(grants.map(end)); await Promise.all(grants.map(end));'],
    ['collection', 'const one = new Map(); const other = new Map();'],
    ['collection', 'const all = []; function f() { all.push(1); } const seen = new Set();'],
    [
      'collection',
      'function f() { const q = []; return () => q.push(1); } function g() { const q = []; return () => q.push(1); }',
    ],
    ['recursion', 'function one() { one(); } function other() { other(); }'],
    [
      'recursion',
      'function even(n: number) { return n === 0 || odd(n - 1); } function odd(n: number) { return even(n - 1); }',
    ],
  ])('asks for each %s: %s', (name, source) => {
    expect(constructsIn(source)).toEqual([name, name]);
  });

  it('has a line for everything in lib that can grow, fan out, repeat, read many items or wait, and no other', () => {
    const found = files.flatMap(({ file, source }) => {
      const counts = new Map<string, number>();
      for (const name of constructsIn(source)) counts.set(name, (counts.get(name) ?? 0) + 1);
      return [...counts].map(([name, count]) => `${file} ${name}${count > 1 ? ` × ${count}` : ''}`);
    });
    const listed = rows.map(([, where = '', what = '']) => `${where.replaceAll('`', '')} ${what}`);
    expect(listed.toSorted()).toEqual(found.toSorted());
  });

  it.each(rows)('says in the line of %s%s what the bound is, and who is affected', (...cells) => {
    const [, , , what = '', bound = '', affected = ''] = cells;
    for (const cell of [what, bound, affected]) expect(cell).not.toBe('');
  });

  const named = rows.flatMap(([, , , , bound = '']) =>
    [...bound.matchAll(/`([A-Z_]{3,})` = ([\d,]+)/g)].map(([, name = '', value = '']) => [name, value] as const),
  );

  it.each(named)('gives %s the value that it has in the code: %s', (name, value) => {
    const values = files.flatMap(({ source }) => {
      const [, text] = new RegExp(`\\bconst ${name}(?:: \\w+)? = ([\\d_ *]+);`).exec(source) ?? [];
      return text === undefined
        ? []
        : [
            text
              .replaceAll('_', '')
              .split('*')
              .reduce((product, n) => product * Number(n), 1),
          ];
    });
    expect(values).toContain(Number(value.replaceAll(',', '')));
  });
});
