import type { Io } from './io.ts';

/** Prints results and notes: text for people, or one JSON document for programs. */
export interface Output {
  /** Prints the result of a command; call it once. */
  result(json: unknown, text: string): void;
  /** Prints rows as they come, as one JSON document or in columns, with nothing after the last page but notes. */
  list(pages: AsyncIterable<readonly ListedRow[]>, names: readonly string[]): Promise<void>;
  /** Prints a note for people on standard error; nothing with `--json`. */
  note(text: string): void;
}

export interface ListedRow {
  readonly json: unknown;
  readonly row: Readonly<Record<string, unknown>>;
}

export const createOutput = ({ stdout, stderr }: Pick<Io, 'stdout' | 'stderr'>, json: boolean): Output => ({
  result: (value, text) => void stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : `${text}\n`),
  async list(pages, names) {
    const print = json ? jsonList() : columnList(names);
    for await (const rows of pages) if (rows.length > 0) stdout.write(print.page(rows));
    stdout.write(print.end());
  },
  note: (text) => void (json || stderr.write(`${text}\n`)),
});

/** Makes foreign text safe for a terminal: control and direction characters become escapes. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);

/** Formats names and values in two aligned columns. Leaves out undefined values and separates lists by spaces. */
export function fields(values: Readonly<Record<string, unknown>>): string {
  const present = Object.entries(values).filter(([, value]) => value !== undefined);
  const width = Math.max(...present.map(([name]) => name.length)) + 2;
  return present.map(([name, value]) => `${name.padEnd(width)}${cell(name, value)}`.trimEnd()).join('\n');
}

/** Formats rows in aligned columns under their names, or `none`. */
export function columns(rows: readonly ListedRow['row'][], names: readonly string[]): string {
  return rows.length === 0 ? 'none' : createColumns(names)(rows);
}

/** The returned function formats the next rows. A column that becomes too narrow is wider from then on. */
function createColumns(names: readonly string[]): (rows: readonly ListedRow['row'][]) => string {
  let heading: (readonly string[])[] = [names];
  let widths = names.map(() => 0);
  return (rows) => {
    const lines = [...heading, ...rows.map((row) => names.map((name) => cell(name, row[name]) || '-'))];
    heading = [];
    widths = widths.map((width, index) => Math.max(width, ...lines.map((line) => line[index]?.length ?? 0)));
    const format = (line: readonly string[]) => line.map((text, index) => text.padEnd((widths[index] ?? 0) + 2));
    return lines.map((line) => format(line).join('').trimEnd()).join('\n');
  };
}

interface ListPrinter {
  page(rows: readonly ListedRow[]): string;
  end(): string;
}

function columnList(names: readonly string[]): ListPrinter {
  const format = createColumns(names);
  let isEmpty = true;
  return {
    page(rows) {
      isEmpty = false;
      return `${format(rows.map(({ row }) => row))}\n`;
    },
    end: () => (isEmpty ? 'none\n' : ''),
  };
}

/** What `JSON.stringify` would make of the whole list. */
function jsonList(): ListPrinter {
  let before = '[';
  return {
    page(rows) {
      const [start, end] = ['[', '\n]'];
      const text = JSON.stringify(
        rows.map(({ json }) => json),
        null,
        2,
      ).slice(start.length, -end.length);
      const printed = before + text;
      before = ',';
      return printed;
    },
    end: () => (before === '[' ? '[]\n' : '\n]\n'),
  };
}

function cell(name: string, value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'number' && TIMES.test(name)) return time(value);
  if (typeof value === 'number' && name.endsWith('lifetime')) return `${value} s`;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value) && value.every((member) => typeof member === 'string')) return printable(value.join(' '));
  return printable(typeof value === 'string' ? value : JSON.stringify(value));
}

const TIMES = /_at$|_until$|^(auth_time|iat|exp|nbf)$/;

/** `1 grant`, `2 grants`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Formats seconds since the epoch as a date, or as the number itself when it is out of range. */
export function time(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().replace('.000Z', 'Z');
}

/** Formats a number of seconds in its two largest units: `1d 4h`, `3m 20s`. */
export function duration(seconds: number): string {
  let rest = Math.abs(seconds);
  const parts = UNITS.flatMap(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count > 0 ? [`${count}${unit}`] : [];
  });
  return parts.slice(0, 2).join(' ') || '0s';
}

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;
