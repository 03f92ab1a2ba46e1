/** A measured figure, and the goal it is held against, if it has one. */
export interface Figure {
  readonly name: string;
  readonly unit: 'µs' | 'ms' | 'bytes' | 'units' | 'requests' | 'hashes' | 'minutes';
  /** Median over the rounds. */
  readonly value: number;
  /** What the figure is compared with, measured in the same rounds. */
  readonly floor?: { readonly name: string; readonly value: number };
  /** Median over the rounds of value / floor. */
  readonly ratio?: number;
  readonly goal?: { readonly of: 'value' | 'ratio'; readonly most: number };
  /** How it compares with what others use today; has no goal. */
  readonly isComparison?: true;
}

/** Whether the goal is met; undefined where there is none. */
export function isMet({ goal, ...figure }: Figure): boolean | undefined {
  const measured = goal && figure[goal.of];
  return measured === undefined ? undefined : measured <= goal!.most;
}

const HEAD = ['', 'median', 'floor', 'ratio', 'goal', ''];

/** The figures as a table for people. */
export function formatTable(sections: ReadonlyMap<string, readonly Figure[]>): string {
  const rows = [...sections].flatMap(([title, figures]) => [[title], ...figures.map(cells)]);
  const widths = HEAD.map((head, column) =>
    Math.max(head.length, ...rows.filter(({ length }) => length > 1).map((row) => row[column]!.length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 || row.length === 1 ? cell.padEnd(widths[0]!) : pad(cell, column)))
      .join('  ')
      .trimEnd();
  const pad = (cell: string, column: number) => (column === HEAD.length - 1 ? cell : cell.padStart(widths[column]!));
  return [HEAD, ...rows].map(line).join('\n');
}

function cells(figure: Figure): string[] {
  const { name, unit, value, floor, ratio, goal, isComparison } = figure;
  const met = isMet(figure);
  return [
    `  ${isComparison ? '  ' : ''}${name}`,
    `${number(value, unit)} ${unit}`,
    floor ? `${number(floor.value, unit)} ${unit}` : '',
    ratio === undefined ? '' : `${ratio.toFixed(2)} x`,
    goal ? `<= ${goal.of === 'ratio' ? `${goal.most} x` : `${number(goal.most, unit, 0)} ${unit}`}` : '',
    met === undefined ? '' : met ? 'met' : 'MISSED',
  ];
}

const isWhole = (unit: Figure['unit']) => unit === 'bytes' || unit === 'requests' || unit === 'hashes';

const number = (value: number, unit: Figure['unit'], digits = isWhole(unit) ? 0 : value < 10 ? 2 : 1) =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
