// Draws curves as SVG that needs nothing else, and is readable on a light and on a dark page.

/** One curve, in a diagram of its own. */
export interface Diagram {
  readonly title: string;
  /** The name of its figures. */
  readonly figures: string;
  /** A logarithmic axis has no zero. */
  readonly scale: 'linear' | 'log';
  /** Written behind each figure, such as ` x`. */
  readonly unit?: string;
  /** A line that the curve has to stay under. */
  readonly goal?: { readonly at: number; readonly name: string };
  /** The end of the axis, if it is further than figures and goal. */
  readonly to?: number;
}

export interface Picture {
  readonly title: string;
  /** For who cannot see it. */
  readonly description: string;
  /** What the horizontal axis counts. */
  readonly x: string;
  readonly diagrams: readonly Diagram[];
}

/** What was measured: where, and then of each curve the figures at those places. */
export interface Figures extends Readonly<Record<string, readonly number[]>> {
  readonly x: readonly number[];
}

const COLUMNS = 2;
const [WIDTH, HEIGHT] = [400, 240];
/** Of the plot within its diagram. */
const [LEFT, RIGHT, TOP, BOTTOM] = [66, 380, 60, 188];
/** Of zero before the first other place, and of the ends of the axis, in decades. */
const [ZERO_GAP, MARGIN] = [1, 0.3];

const STYLE = `
    .page { fill: #f8fafc; }
    text { fill: #475569; }
    .title { fill: #0f172a; font-weight: 600; font-size: 13px; }
    .value { fill: #0f172a; stroke: #f8fafc; stroke-width: 3px; paint-order: stroke; }
    .grid { stroke: #cbd5e1; }
    .goal { stroke: #b45309; stroke-dasharray: 5 4; }
    .of-goal { fill: #b45309; }
    .curve { stroke: #1f7a4d; stroke-width: 2; fill: none; }
    .point { fill: #1f7a4d; }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0f172a; }
      text { fill: #94a3b8; }
      .title { fill: #f1f5f9; }
      .value { fill: #f1f5f9; stroke: #0f172a; }
      .grid { stroke: #334155; }
      .goal { stroke: #f59e0b; }
      .of-goal { fill: #f59e0b; }
      .curve { stroke: #4ade80; }
      .point { fill: #4ade80; }
    }`;

export function draw({ title, description, x, diagrams }: Picture, figures: Figures): string {
  const columns = Math.min(COLUMNS, diagrams.length);
  const [width, height] = [columns * WIDTH, Math.ceil(diagrams.length / columns) * HEIGHT];
  const drawn = diagrams.map((diagram, index) => {
    const place = `translate(${(index % columns) * WIDTH} ${Math.floor(index / columns) * HEIGHT})`;
    return [`  <g transform="${place}">`, ...drawDiagram(diagram, x, figures).map((line) => `    ${line}`), '  </g>'];
  });
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc" font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif" font-size="11">`,
    `  <title id="title">${escapeText(title)}</title>`,
    `  <desc id="desc">${escapeText(description)}</desc>`,
    `  <style>${STYLE}\n  </style>`,
    `  <rect class="page" width="${width}" height="${height}" rx="10"/>`,
    ...drawn.flat(),
    '</svg>',
  ].join('\n')}\n`;
}

function drawDiagram({ title, figures: name, scale, unit = '', goal, to = 0 }: Diagram, of: string, figures: Figures) {
  const values = figures[name];
  if (values?.length !== figures.x.length) throw new Error(`not as many figures of ${name} as places`);
  const across = horizontal(figures.x);
  const ticks = { linear: linearTicks, log: logTicks }[scale]([...values, to, ...(goal ? [goal.at] : [])]);
  const up = vertical(ticks, scale);
  const points = figures.x.map((place, index) => [across(place), up(values[index]!)] as const);
  const write = (value: number) => `${formatNumber(value)}${unit}`;

  return [
    label('title', 16, 22, 'start', title),
    ...ticks.flatMap((tick) => [
      `<path class="grid" d="M${LEFT} ${up(tick)}H${RIGHT}"/>`,
      label('', LEFT - 8, up(tick) + 4, 'end', write(tick)),
    ]),
    ...figures.x.map((place) => label('', across(place), BOTTOM + 18, 'middle', place.toLocaleString('en'))),
    label('', (LEFT + RIGHT) / 2, BOTTOM + 38, 'middle', of),
    ...(goal
      ? [
          `<path class="goal" d="M${LEFT} ${up(goal.at)}H${RIGHT}"/>`,
          label('of-goal', 16, 40, 'start', `– – ${goal.name}: at most ${write(goal.at)}`),
        ]
      : []),
    `<polyline class="curve" points="${points.map((point) => point.join(' ')).join(', ')}"/>`,
    ...points.flatMap(([x, y], index) => [
      `<circle class="point" cx="${x}" cy="${y}" r="3.5"/>`,
      label('value', x, y - 9, 'middle', write(values[index]!)),
    ]),
  ];
}

/** Logarithmic, with zero at the left. */
function horizontal(places: readonly number[]): (place: number) => number {
  const positive = places.filter((place) => place > 0).map(Math.log10);
  const [first, last] = [Math.min(...positive), Math.max(...positive)];
  const from = (places.includes(0) ? first - ZERO_GAP : first) - MARGIN;
  return (place) => {
    const decade = place > 0 ? Math.log10(place) : first - ZERO_GAP;
    return round(LEFT + ((decade - from) / (last + MARGIN - from)) * (RIGHT - LEFT));
  };
}

function vertical(ticks: readonly number[], scale: Diagram['scale']): (value: number) => number {
  const measure = scale === 'log' ? Math.log10 : (value: number) => value;
  const [from, to] = [measure(ticks[0]!), measure(ticks.at(-1)!)];
  return (value) => round(BOTTOM - ((measure(value) - from) / (to - from)) * (BOTTOM - TOP));
}

/** From zero on, three to six. */
function linearTicks(values: readonly number[]): number[] {
  const most = Math.max(...values);
  const decade = 10 ** Math.floor(Math.log10(most));
  const step = [0.1, 0.2, 0.5, 1].map((part) => part * decade).find((each) => most / each <= 5) ?? 2 * decade;
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, index) => round(index * step));
}

/** Every power of ten. */
function logTicks(values: readonly number[]): number[] {
  const positive = values.filter((value) => value > 0).map(Math.log10);
  const [from, to] = [Math.floor(Math.min(...positive)), Math.ceil(Math.max(...positive))];
  return Array.from({ length: Math.max(1, to - from) + 1 }, (_, index) => 10 ** (from + index));
}

const label = (kind: string, x: number, y: number, anchor: 'start' | 'middle' | 'end', text: string) =>
  `<text${kind && ` class="${kind}"`} x="${x}" y="${round(y)}" text-anchor="${anchor}">${escapeText(text)}</text>`;

/** Whole numbers exactly, others with two digits. */
const formatNumber = (value: number) =>
  value.toLocaleString('en', Number.isInteger(value) ? {} : { maximumSignificantDigits: 2 });

const round = (value: number) => Math.round(value * 100) / 100;

const escapeText = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
