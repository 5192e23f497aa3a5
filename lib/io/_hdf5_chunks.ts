/**
 * Values of a dataset cut out of its chunks: the index of a version 1 B-tree, and rectangles copied between them.
 *
 * Source: HDF5 File Format Specification 3.0, III.A.1 (B-trees), IV.A.2.i (layout). @module
 */
import { addressAt, type Hdf5Bytes } from "./_hdf5_header.ts";

/** From `first` to before `end`, one for each axis. */
export type Slab = readonly (readonly [first: number, end: number])[];

/** Where every chunk lies, by its number in row-major order of the grid; a size of 0 stands for one never written. */
export interface ChunkIndex {
  /** Chunks along each axis. */
  grid: number[];
  /** Sides of a chunk. */
  sides: number[];
  at: Float64Array;
  size: Uint32Array;
  mask: Uint32Array;
  /** Whether parts of the index are missing. */
  isPartial?: boolean;
}

/** More cells than this make an index that is too large to hold: 16 bytes each. */
const MOST_CELLS = 1 << 24, MOST_NODES = 1 << 20;

/**
 * Reads the index of a chunked dataset.
 *
 * Nodes of one level are read together, so that one far away costs a few round trips.
 *
 * @param end Where the file ends; nodes beyond are passed over, and the index is partial.
 * @returns Undefined if the grid has too many cells.
 * @throws {SyntaxError | RangeError} If the tree is damaged.
 */
export async function readChunkIndex(
  bytes: Hdf5Bytes,
  root: number | undefined,
  shape: readonly number[],
  sides: readonly number[],
  end = Infinity,
): Promise<ChunkIndex | undefined> {
  if (sides.some((side) => side < 1) || sides.length !== shape.length) {
    throw new SyntaxError(`its chunks of [${sides}] do not fit [${shape}]`);
  }
  const grid = shape.map((side, axis) => Math.ceil(side / sides[axis]));
  const cells = grid.reduce((a, b) => a * b, 1);
  if (cells > MOST_CELLS) return undefined;
  const index: ChunkIndex = {
    grid,
    sides: [...sides],
    at: new Float64Array(cells),
    size: new Uint32Array(cells),
    mask: new Uint32Array(cells),
  };
  const rank = shape.length, keyBytes = 8 + 8 * (rank + 1);
  let level = root === undefined ? [] : [root], nodes = 0;
  while (level.length > 0) {
    if ((nodes += level.length) > MOST_NODES) throw new SyntaxError("its chunk index goes round in a circle");
    const below: number[] = [];
    const there = level.filter((node) => bytes.base + node + 24 <= end);
    if (there.length < level.length) index.isPartial = true;
    for (const node of await readNodes(bytes, there, keyBytes)) {
      const whole = Math.floor((end - bytes.base - node.address - 24) / (keyBytes + 8));
      if (whole < node.used) index.isPartial = true;
      for (let i = 0, at = 0; i < Math.min(node.used, whole); i++, at += keyBytes + 8) {
        const child = addressAt(node.body, at + keyBytes);
        if (child === undefined) throw new SyntaxError("its chunk index has a gap");
        if (node.level > 0) below.push(child);
        else place(index, node.body, at, child + bytes.base);
      }
    }
    level = below;
  }
  return index;
}

interface TreeNode {
  address: number;
  level: number;
  used: number;
  body: DataView;
}

async function readNodes(bytes: Hdf5Bytes, level: number[], keyBytes: number): Promise<TreeNode[]> {
  const nodes: TreeNode[] = [];
  for (let first = 0; first < level.length; first += 64) {
    const some = level.slice(first, first + 64).map(async (address): Promise<TreeNode> => {
      const head = await bytes.read(address, 24);
      if (head.getUint32(0, true) !== 0x45455254 || head.getUint8(4) !== 1) { // "TREE", of raw data
        throw new SyntaxError(`no node of its chunk index at byte ${bytes.base + address}`);
      }
      const used = head.getUint16(6, true);
      return {
        address,
        level: head.getUint8(5),
        used,
        body: await bytes.read(address + 24, used * (keyBytes + 8)),
      };
    });
    nodes.push(...await Promise.all(some));
  }
  return nodes;
}

/** Enters a chunk at its cell; one beyond the dataset's shape, left from before it shrank, is passed over. */
function place(index: ChunkIndex, body: DataView, at: number, address: number): void {
  let cell = 0;
  for (let axis = 0; axis < index.grid.length; axis++) {
    const offset = Number(body.getBigUint64(at + 8 + 8 * axis, true)), i = offset / index.sides[axis];
    if (!Number.isInteger(i)) throw new SyntaxError("its chunk index is damaged");
    if (i >= index.grid[axis]) return;
    cell = cell * index.grid[axis] + i;
  }
  index.at[cell] = address;
  index.size[cell] = body.getUint32(at, true);
  index.mask[cell] = body.getUint32(at + 4, true);
}

/** The cells of a grid that a slab touches, in row-major order, with the place of each in the dataset. */
export function* cellsOf(
  { grid, sides }: Pick<ChunkIndex, "grid" | "sides">,
  slab: Slab,
): Generator<{ cell: number; origin: number[] }> {
  const first = slab.map(([from], axis) => Math.floor(from / sides[axis]));
  const end = slab.map(([, to], axis) => Math.ceil(to / sides[axis]));
  if (slab.some(([from, to]) => from >= to)) return;
  const place = [...first];
  for (;;) {
    const cell = place.reduce((sum, i, axis) => sum * grid[axis] + i, 0);
    yield { cell, origin: place.map((i, axis) => i * sides[axis]) };
    let axis = place.length - 1;
    while (axis >= 0 && ++place[axis] === end[axis]) place[axis] = first[axis--];
    if (axis < 0) return;
  }
}

/**
 * Copies what a box and a slab have in common.
 *
 * @param box Values of a block that lies at `origin` of the dataset with sides `sides`.
 * @param out Values of `slab`.
 * @param size Bytes of a value.
 */
export function copyCommon(
  box: Uint8Array,
  origin: readonly number[],
  sides: readonly number[],
  out: Uint8Array,
  slab: Slab,
  size: number,
): void {
  const rank = slab.length;
  const from = slab.map(([first], axis) => Math.max(first, origin[axis]));
  const count = slab.map(([, end], axis) => Math.min(end, origin[axis] + sides[axis]) - from[axis]);
  if (count.some((n) => n <= 0)) return;
  const outSides = slab.map(([first, end]) => end - first);
  // Axes that both have whole are copied in one piece with the axis before them.
  let inner = rank - 1;
  while (inner > 0 && count[inner] === sides[inner] && count[inner] === outSides[inner]) inner--;
  const tail = (shape: readonly number[]) => shape.slice(inner + 1).reduce((a, b) => a * b, 1);
  const run = rank === 0 ? size : count[inner] * tail(sides) * size;
  const boxStrides = strides(sides, size), outStrides = strides(outSides, size);
  const index = new Array<number>(rank).fill(0);
  for (;;) {
    let boxAt = 0, outAt = 0;
    for (let axis = 0; axis < rank; axis++) {
      boxAt += (from[axis] + index[axis] - origin[axis]) * boxStrides[axis];
      outAt += (from[axis] + index[axis] - slab[axis][0]) * outStrides[axis];
    }
    out.set(box.subarray(boxAt, boxAt + run), outAt);
    let axis = inner - 1;
    while (axis >= 0 && ++index[axis] === count[axis]) index[axis--] = 0;
    if (axis < 0) return;
  }
}

function strides(sides: readonly number[], size: number): number[] {
  const out = new Array<number>(sides.length);
  for (let axis = sides.length - 1, stride = size; axis >= 0; stride *= sides[axis--]) out[axis] = stride;
  return out;
}
