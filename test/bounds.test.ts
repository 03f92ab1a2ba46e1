// Holds docs/bounds.md against the source: everything in lib that can grow, fan out, repeat, read many items or wait has a line
// there, and each bound that is named has the value in the code.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { document, section } from './support/docs.ts';
import { root } from './support/local-service.ts';

/** What needs a bound, by the words of the page. */
const constructs: Readonly<Record<string, RegExp>> = {
  // Those that are made of something have its size.
  collection: /new (Map|Set)(<[^()]*>)?\(\)/,
  // A list that is written out has the length that it has.
  'fan-out': /Promise\.(all|allSettled|any|race)\((?!\[(?!\.\.\.))|\binParallel\(/,
  loop: /\bwhile \(|\bfor \(([^;()]|\([^()]*\))*;\s*([^<>;]|\([^()]*\))*;/,
  'read of many': /\.(query|scan|list|batch)\((?!\))/,
  wait: /\bset(Timeout|Interval)\(/,
};

const isComment = (line: string) => /^\s*(\/\/|\/?\*)/.test(line);

/** The constructs in the lines of a file. */
const constructsIn = (source: string): string[] => {
  const lines = source.split('\n').filter((line) => !isComment(line));
  return Object.keys(constructs).filter((name) => lines.some((line) => constructs[name]!.test(line)));
};

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
      collection: ['const known = new Map<string, Promise<Client | undefined>>();', 'return { seen: new Set() };'],
      'fan-out': [
        'await Promise.all(grants.map(end));',
        'await Promise.all([...ids].map(end));',
        'inParallel(all, 2, end)',
      ],
      loop: [
        'while (page) {',
        '} while (start);',
        'for (;;) {',
        'for (let n = q.shift(); n && has(); n = q.shift()) {',
      ],
      'read of many': [
        'const all = await table.query(pk, from);',
        'clients.list({ pk, sk })',
        'clients.batch(pk, range)',
      ],
      wait: ['setTimeout(resolve, pause)'],
    }).flatMap(([name, lines]) => lines.map((line) => [name, line] as const)),
  )('asks for the bound of a %s: %s', (name, line) => {
    expect(constructsIn(line)).toContain(name);
  });

  it.each([
    'await Promise.all([one, two]);',
    'for (let at = 0; at < all.length; at++) {',
    'new Map(pairs)',
    '// while (1)',
  ])('asks for none of: %s', (line) => {
    expect(constructsIn(line)).toEqual([]);
  });

  it('has a line for everything in lib that can grow, fan out, repeat, read many items or wait, and no other', () => {
    const found = files.flatMap(({ file, source }) => constructsIn(source).map((name) => `${file} ${name}`));
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
