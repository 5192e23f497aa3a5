/**
 * Clouds of charge put into a grid of voxels, four voxels an instruction: most of what simulating an avalanche takes. @module
 */
import { advance, type Code, copyTo, countDown, instantiate, op } from "../base/wasm_assembler.ts";

/** Places in the memory, bytes: the shares along each axis, then the voxels. */
const IN_Z = 0, IN_X = 256, IN_Y = 512, GRID = 1024, PAGE = 65536, FLOAT = 4, VECTOR = 16;

/** Most voxels of a cloud along an axis. */
const MOST = 64;

/** Adds clouds to voxels; see {@linkcode createCloudKernel}. */
export interface CloudKernel {
  /** Shares of the cloud at hand, by voxels; beyond its end those in `inZ` are zeros. */
  readonly inX: Float32Array;
  /** Along the rows; the cloud's charge is a factor of these. */
  readonly inY: Float32Array;
  /** Along the depth. */
  readonly inZ: Float32Array;
  /**
   * The voxels, until the next call: zeros where nothing was added, or what was is zero again.
   *
   * @param size How many are needed.
   */
  voxels(size: number): Float32Array;
  /**
   * Adds `inY[r] · inX[c] · inZ[d]` to voxel `first + r · rowStep + c · columnStep + d`.
   *
   * @param rows At least 1, as are `columns`.
   */
  add(first: number, rowStep: number, columnStep: number, rows: number, columns: number): void;
}

/** The loop over rows and columns of a cloud whose depth takes so many vectors. */
function addCloud(vectors: number): Code {
  const [first, rowStep, columnStep, rows, columns, x, y, left, at, inRow, charge, depth] = Array(12).keys();
  const voxels = Array.from({ length: vectors }, (_, i) => [
    ...op.get(at),
    ...[op.get(at), op.load(VECTOR * i), op.get(charge), op.get(depth + i)].flat(),
    ...[op.multiplyVector, op.addVector, op.store(VECTOR * i)].flat(),
  ]);
  const column: Code[] = [
    [...op.get(inRow), ...op.get(x), ...op.loadSplat(), ...op.multiplyVector, ...op.set(charge)],
    ...voxels,
    advance(at, op.get(columnStep)),
    advance(x, op.i32(FLOAT)),
    countDown(left),
  ];
  return [
    ...Array.from({ length: vectors }, (_, i) => [
      ...op.i32(IN_Z),
      ...op.load(VECTOR * i),
      ...op.set(depth + i),
    ]),
    [...op.i32(IN_Y), ...op.set(y)],
    op.loopWhile(
      [...op.get(y), ...op.loadSplat(), ...op.set(inRow)],
      [...op.i32(IN_X), ...op.set(x)],
      copyTo(first, at),
      copyTo(columns, left),
      op.loopWhile(...column),
      advance(first, op.get(rowStep)),
      advance(y, op.i32(FLOAT)),
      countDown(rows),
    ),
  ].flat();
}

/**
 * Makes a grid and the function that adds to it.
 *
 * @param depth Most voxels of a cloud along the depth, at most 64.
 * @throws {WebAssembly.CompileError} If the processor has no vectors.
 * @example A cloud of two voxels
 * ```ts
 * const kernel = createCloudKernel(4), voxels = kernel.voxels(8);
 * kernel.inX[0] = kernel.inY[0] = 2;
 * kernel.inZ.set([3, 1]);
 * kernel.add(1, 0, 0, 1, 1);
 * voxels.slice(0, 4); // 0, 12, 4, 0
 * ```
 */
export function createCloudKernel(depth: number): CloudKernel {
  const vectors = Math.ceil(depth / 4), memory = new WebAssembly.Memory({ initial: 1 });
  const locals = [
    ...Array(4).fill("i32" as const),
    ...Array(2 + vectors).fill("v128" as const),
  ];
  const { cloud } = instantiate([{ name: "cloud", parameters: 5, locals, body: addCloud(vectors) }], memory);
  const addTo = cloud as (...sizes: number[]) => void;
  const views = (length: number) => ({
    inX: new Float32Array(memory.buffer, IN_X, MOST),
    inY: new Float32Array(memory.buffer, IN_Y, MOST),
    inZ: new Float32Array(memory.buffer, IN_Z, MOST),
    grid: new Float32Array(memory.buffer, GRID, length),
  });
  const roomOf = (bytes: number) => Math.floor((bytes - GRID) / FLOAT) - 4 * vectors; // a cloud ends in whole vectors
  let seen = views(roomOf(PAGE));
  return {
    get inX() {
      return seen.inX;
    },
    get inY() {
      return seen.inY;
    },
    get inZ() {
      return seen.inZ;
    },
    voxels(size) {
      const missing = size - seen.grid.length;
      if (missing > 0) {
        memory.grow(Math.ceil(missing * FLOAT / PAGE));
        seen = views(roomOf(memory.buffer.byteLength));
      }
      return seen.grid;
    },
    add: (first, rowStep, columnStep, rows, columns) =>
      addTo(GRID + FLOAT * first, FLOAT * rowStep, FLOAT * columnStep, rows, columns),
  };
}
