import type { Io } from './io.ts';

/** Where results and remarks go: text for people, or one JSON document for machines. */
export interface Output {
  /** The result of a command, said once. */
  result(json: unknown, text: string): void;
  /** A remark for people, on standard error; machines have it in the document, or need it not. */
  note(text: string): void;
}

export const createOutput = ({ stdout, stderr }: Pick<Io, 'stdout' | 'stderr'>, json: boolean): Output => ({
  result: (value, text) => void stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : `${text}\n`),
  note: (text) => void (json || stderr.write(`${text}\n`)),
});

/** Text that is not ours, fit for a terminal: control and direction characters become escapes. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);

/** Names and values in two aligned columns; absent values are left out, lists are separated by spaces. */
export function fields(values: Readonly<Record<string, unknown>>): string {
  const present = Object.entries(values).filter(([, value]) => value !== undefined);
  const width = Math.max(...present.map(([name]) => name.length)) + 2;
  return present.map(([name, value]) => `${name.padEnd(width)}${cell(name, value)}`.trimEnd()).join('\n');
}

/** Rows in aligned columns under their names, or a word that there are none. */
export function columns(rows: readonly Readonly<Record<string, unknown>>[], names: readonly string[]): string {
  if (rows.length === 0) return 'none';
  const cells = [names, ...rows.map((row) => names.map((name) => cell(name, row[name]) || '-'))];
  const widths = names.map((_, index) => Math.max(...cells.map((line) => line[index]?.length ?? 0)));
  return cells
    .map((line) =>
      line
        .map((text, index) => text.padEnd((widths[index] ?? 0) + 2))
        .join('')
        .trimEnd(),
    )
    .join('\n');
}

function cell(name: string, value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'number' && TIMES.test(name)) return time(value);
  if (typeof value === 'number' && name.endsWith('lifetime')) return `${value} s`;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value) && value.every((member) => typeof member === 'string')) return printable(value.join(' '));
  return printable(typeof value === 'string' ? value : JSON.stringify(value));
}

const TIMES = /_at$|_until$|^(iat|exp|nbf)$/;

/** `1 grant`, `2 grants`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Seconds since the epoch as people read it, or the number where that is no date. */
export function time(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().replace('.000Z', 'Z');
}

/** A number of seconds in its largest two units: `1d 4h`, `3m 20s`. */
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
