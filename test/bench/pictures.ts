import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { draw, type Figures, type Picture } from './draw.ts';
import type { Figure } from './figure.ts';

/** The figures of a subject, and of them those of its picture. */
export interface Measured {
  readonly figures: readonly Figure[];
  readonly curves: Figures;
}

const goalAt = (at: number) => ({ at, name: 'goal' });

/** The pictures of the docs. `npm run bench -- NAME` measures the figures, keeps them beside the picture, and draws it. */
export const pictures = {
  revocations: {
    title: 'What the revocation list costs, from nothing to a million entries',
    description:
      'Four curves over the number of entries. What a new container reads, and its CPU time, grow with the list; a million entries ' +
      'take less than 2,000 read units. A strict check and a decision on a seen token stay within 1.5 times those of an empty list.',
    x: 'entries in the revocation list',
    diagrams: [
      { title: 'Read units until a new container decides', figures: 'units', scale: 'log', goal: goalAt(2_000) },
      { title: 'CPU time of it, against an empty list', figures: 'cpu', scale: 'log', unit: ' x' },
      {
        title: 'Strict check, against an empty list',
        figures: 'check',
        scale: 'linear',
        unit: ' x',
        goal: goalAt(1.5),
      },
      {
        title: 'Decision on a seen token, against an empty list',
        figures: 'decision',
        scale: 'linear',
        unit: ' x',
        goal: goalAt(1.5),
      },
    ],
  },
  deliveries: {
    title: 'How long clients wait for logout tokens while one receiver is dead',
    description:
      'Two curves over the number of logout tokens that are queued for a receiver that never answers. The tokens of another client ' +
      'are out within a minute, and a run sends the same number of requests to the table, however many are queued.',
    x: 'logout tokens queued for a dead receiver',
    diagrams: [
      {
        title: "Minutes until another client's tokens are out",
        figures: 'minutes',
        scale: 'linear',
        goal: { at: 1, name: 'promise' },
        to: 1.5,
      },
      { title: 'Requests to the table in a run', figures: 'requests', scale: 'linear' },
    ],
  },
  guessing: {
    title: 'What somebody causes who guesses the secret of a client',
    description:
      'Two curves over the number of wrong guesses in one second. They cause no more than 11 slow hashes, and the client itself gets ' +
      'all its tokens with the right secret.',
    x: 'wrong guesses of one secret in one second',
    diagrams: [
      { title: 'Slow hashes that they cause', figures: 'hashes', scale: 'linear' },
      {
        title: 'Requests with the right secret that get a token',
        figures: 'answered',
        scale: 'linear',
        unit: ' %',
        to: 100,
      },
    ],
  },
} as const satisfies Record<string, Picture>;

export type PictureName = keyof typeof pictures;

/** Without its extension. */
export const placeOf = (name: PictureName): string =>
  fileURLToPath(new URL(`../../docs/curves/${name}`, import.meta.url));

export const drawKept = async (name: PictureName): Promise<string> =>
  draw(pictures[name], JSON.parse(await readFile(`${placeOf(name)}.json`, 'utf8')) as Figures);

/** Keeps whole figures, and three digits of others, and draws them. */
export async function keepAndDraw(picture: PictureName, figures: Figures): Promise<void> {
  const rows = Object.entries(figures).map(([name, values]) => {
    const kept = values.map((value) => (Number.isInteger(value) ? value : Number(value.toPrecision(3))));
    return `  ${JSON.stringify(name)}: [${kept.join(', ')}]`;
  });
  await writeFile(`${placeOf(picture)}.json`, `{\n${rows.join(',\n')}\n}\n`);
  await writeFile(`${placeOf(picture)}.svg`, await drawKept(picture));
}
