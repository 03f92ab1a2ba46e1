import { randomBytes } from 'node:crypto';
import { ENTRY_BYTES, KEY_BYTES } from '../oauth/packed-revocation.ts';

/** Room for the entries of one segment. */
export interface Block {
  /** Given by the index. Each block has another one. */
  number: number;
  readonly bytes: Buffer;
}

/** Finds packed entries by their keys: an open-addressing table of numbers, because objects would take ten times the memory. */
export interface PackedIndex<Held extends Block> {
  add(block: Held): void;
  /** Its entries are found no more, and its memory is free. */
  drop(block: Held): void;
  insert(block: Held, position: number): void;
  /** Whether the test holds for an entry with this key. */
  some(key: Buffer, test: (block: Held, at: number) => boolean): boolean;
}

const SMALLEST = 1 << 10;

/** A reference is the number of a block and a position in it, plus one, as 0 is a free place. */
const POSITIONS = 256;

export function createPackedIndex<Held extends Block>(): PackedIndex<Held> {
  // Secret, so that nobody can choose ids whose entries collide.
  const [firstSeed, secondSeed] = [randomBytes(4).readInt32BE(), randomBytes(4).readInt32BE()];
  const blocks: (Held | undefined)[] = [];
  /** Numbers of dropped blocks, to which there are still references, and those that can be given again. */
  let dropped: number[] = [];
  let free: number[] = [];
  let places = new Uint32Array(SMALLEST);
  let used = 0;

  const blockOf = (reference: number) => blocks[Math.floor((reference - 1) / POSITIONS)];
  const offsetOf = (reference: number) => ((reference - 1) % POSITIONS) * ENTRY_BYTES;

  function placeOf(bytes: Buffer, at: number): number {
    const first = Math.imul(bytes.readInt32BE(at + KEY_BYTES - 8) ^ firstSeed, 0x9e_37_79_b1);
    const mixed = Math.imul(bytes.readInt32BE(at + KEY_BYTES - 4) ^ secondSeed ^ first, 0x85_eb_ca_6b);
    return (mixed ^ (mixed >>> 15)) & (places.length - 1);
  }

  function put(reference: number, bytes: Buffer) {
    let place = placeOf(bytes, offsetOf(reference));
    while (places[place] !== 0) place = (place + 1) & (places.length - 1);
    places[place] = reference;
    used++;
  }

  /** Leaves at most an eighth of the places in use, without those of dropped blocks: seldom, as it takes as long as all inserts. */
  function rebuild() {
    const old = places;
    free = [...free, ...dropped];
    dropped = [];
    let live = 0;
    for (const reference of old) if (reference !== 0 && blockOf(reference)) live++;
    let size = SMALLEST;
    while (size < 8 * live) size *= 2;
    places = new Uint32Array(size);
    used = 0;
    for (const reference of old) {
      const block = reference === 0 ? undefined : blockOf(reference);
      if (block) put(reference, block.bytes);
    }
  }

  return {
    add(block) {
      block.number = free.pop() ?? blocks.length;
      blocks[block.number] = block;
    },
    drop({ number }) {
      blocks[number] = undefined;
      dropped.push(number);
    },
    insert({ number, bytes }, position) {
      if (used >= places.length / 2) rebuild();
      put(number * POSITIONS + position + 1, bytes);
    },
    some(key, test) {
      let place = placeOf(key, 0);
      for (let reference = places[place]; reference; reference = places[place]) {
        const [block, at] = [blockOf(reference), offsetOf(reference)];
        if (block && isAt(block.bytes, at, key) && test(block, at)) return true;
        place = (place + 1) & (places.length - 1);
      }
      return false;
    },
  };
}

/** Nearly all other keys differ in their first bytes, for which a call of `compare` is not worth while. */
const isAt = (bytes: Buffer, at: number, key: Buffer) =>
  bytes[at + 1] === key[1] && bytes[at + 2] === key[2] && key.compare(bytes, at, at + KEY_BYTES) === 0;
