/** Chunks of a dataset that is being written, and the tree by which they are found. @module */
import { deflateSync } from "node:zlib";
import type { Hdf5Body, Hdf5Packing } from "./_hdf5_body.ts";
import { NOWHERE, packLzf, shuffleBytes, u16, u32, u64 } from "./_hdf5_encode.ts";
import { joinParts, type Part, u8 } from "./_parts.ts";

/** Children of a node of the chunks' tree; the library expects nodes of this room unless it is told otherwise. */
const CHILDREN = 64;

/** A chunk that is written. */
interface Chunk {
  at: number;
  size: number;
  /** Filters that were left out for it. */
  mask: number;
  /** Its first value, along each axis. */
  offset: readonly number[];
}

/** A node of the tree, or a chunk as its leaves know it. */
interface Node {
  at: number;
  first: Chunk;
  last: Chunk;
}

/** The chunks of a dataset. */
export class ChunkTree {
  readonly #body: Hdf5Body;
  readonly #packing: Hdf5Packing;
  readonly #sides: readonly number[];
  /** Bytes of a value. */
  readonly #size: number;
  readonly #chunks: Chunk[] = [];

  /** @param sides Sides of a chunk. @param size Bytes of a value. */
  constructor(body: Hdf5Body, packing: Hdf5Packing, sides: readonly number[], size: number) {
    this.#body = body;
    this.#packing = packing;
    this.#sides = sides;
    this.#size = size;
  }

  /** Chunks so far. */
  get length(): number {
    return this.#chunks.length;
  }

  /** Packs a chunk and writes it. */
  put(bytes: Uint8Array, offset: readonly number[]): void {
    const { shuffle, compression, level = 4 } = this.#packing;
    let packed = shuffle ? shuffleBytes(bytes, this.#size) : bytes, mask = 0;
    if (compression === "gzip") packed = deflateSync(packed, { level });
    else if (compression === "lzf") {
      const smaller = packLzf(packed);
      if (smaller) packed = smaller;
      else mask = shuffle ? 2 : 1; // this filter was left out for this chunk
    }
    this.#chunks.push({ at: this.#body.add(packed), size: packed.length, mask, offset });
  }

  /** Writes the tree. @returns What a dataset's header says of where its values are. */
  finish(): Part {
    return [u8(3, 2, this.#sides.length + 1), this.#putTree(), this.#sides.map(u32), u32(this.#size)];
  }

  /** Writes the tree from its leaves up; gives the address of its root. */
  #putTree(): Uint8Array {
    if (this.#chunks.length === 0) return NOWHERE;
    let below: Node[] = this.#chunks.map((chunk) => ({ at: chunk.at, first: chunk, last: chunk }));
    let level = 0;
    do below = this.#putLevel(below, level++); while (below.length > 1);
    return u64(below[0].at);
  }

  /** Writes the nodes over some others, each of which knows its neighbours. */
  #putLevel(below: readonly Node[], level: number): Node[] {
    const bytes = 24 + CHILDREN * 8 + (CHILDREN + 1) * (8 + 8 * (this.#sides.length + 1));
    const start = this.#body.end, room = Math.ceil(bytes / 8) * 8;
    const count = Math.ceil(below.length / CHILDREN);
    const neighbour = (k: number) => k < 0 || k >= count ? NOWHERE : u64(start + k * room);
    return Array.from({ length: count }, (_, i) => {
      const children = below.slice(i * CHILDREN, (i + 1) * CHILDREN);
      const { first } = children[0], { last } = children[children.length - 1];
      const node = new Uint8Array(bytes);
      node.set(joinParts([
        new TextEncoder().encode("TREE"),
        u8(1, level),
        u16(children.length),
        neighbour(i - 1),
        neighbour(i + 1),
        children.map((child) => [this.#keyOf(child.first), u64(child.at)]),
        this.#keyOf(last, 1),
      ]));
      return { at: this.#body.add(node), first, last };
    });
  }

  /** What a node says of a chunk; of what lies `beyond` the last one only where it would begin. */
  #keyOf({ size, mask, offset }: Chunk, beyond = 0): Part {
    return [
      u32(beyond ? 0 : size),
      u32(beyond ? 0 : mask),
      offset.map((start, axis) => u64(start + beyond * this.#sides[axis])),
      u64(beyond * this.#size),
    ];
  }
}

/** The first value of every chunk, in row-major order. */
export function* chunkPlaces(shape: readonly number[], sides: readonly number[]): Generator<number[]> {
  if (shape.some((side) => side === 0)) return;
  const place = shape.map(() => 0);
  for (;;) {
    yield [...place];
    let axis = place.length - 1;
    while (axis >= 0 && (place[axis] += sides[axis]) >= shape[axis]) place[axis--] = 0;
    if (axis < 0) return;
  }
}

/** A chunk's bytes; zeros where it sticks out of the array. */
export function cutChunk(
  bytes: Uint8Array,
  shape: readonly number[],
  sides: readonly number[],
  offset: readonly number[],
  size: number,
): Uint8Array {
  const out = new Uint8Array(sides.reduce((a, b) => a * b, size)), rank = shape.length;
  const count = sides.map((side, axis) => Math.min(side, shape[axis] - offset[axis]));
  const index = new Array<number>(rank).fill(0), run = (count[rank - 1] ?? 1) * size;
  for (;;) {
    let from = 0, to = 0;
    for (let axis = 0; axis < rank; axis++) {
      from = from * shape[axis] + offset[axis] + index[axis];
      to = to * sides[axis] + index[axis];
    }
    out.set(bytes.subarray(from * size, from * size + run), to * size);
    let axis = rank - 2;
    while (axis >= 0 && ++index[axis] === count[axis]) index[axis--] = 0;
    if (axis < 0) return out;
  }
}
