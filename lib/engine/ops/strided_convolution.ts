/**
 * Convolutions with long filters and stride 2 by minimal filtering, where a small picture has many channels.
 *
 * Every second pixel down and across makes four phases of the picture, and of the filter; the result is the sum of four convolutions with stride 1 of these.
 * In each a tile of 3 × 3 results takes as many products of channels as it has points, (3 + r - 1)², instead of (3 r)² for r taps: of 9 × 9 taps altogether 169
 * instead of 729. The rest becomes products of large matrices, and so does the gradient, by the tape. Errors are those of single precision times about 10.
 *
 * Source: the algorithm of Toom and Cook as Winograd has it for convolutions (Lavin and Gray, arXiv 1509.09308); points that keep errors small after Barabasz
 * et al., "Error analysis and improving the accuracy of Winograd convolution for deep neural networks", arXiv 1803.10986. @module
 */
import { state } from "../state.ts";
import { tf } from "../tf.ts";

/** Side of a tile of results. */
const TILE = 3;

/** Where polynomials are multiplied, besides at infinity. */
const POINTS = [0, 1, -1, 2, -1 / 2, -2];

/** Most taps of a phase along a side. */
const MOST_TAPS = POINTS.length + 2 - TILE;

/** Coefficients of a product of polynomials, the constant first. */
function multiply(p: readonly number[], q: readonly number[]): number[] {
  const product = new Array<number>(p.length + q.length - 1).fill(0);
  p.forEach((a, i) => q.forEach((b, j) => product[i + j] += a * b));
  return product;
}

/** The polynomial that is 0 at some points. */
const withZeros = (points: readonly number[]) => points.reduce((p, point) => multiply(p, [-point, 1]), [1]);

/** What takes pixels of a tile to points, taps to points, and points to results: a row a point, a point, a result. */
function matricesFor(taps: number) {
  const points = POINTS.slice(0, TILE + taps - 2), { length } = points;
  const others = points.map((_, i) => points.filter((_, k) => k !== i));
  const powers = (count: number) =>
    points.map((point) => Array.from({ length: count }, (_, k) => point ** k));
  const atInfinity = (count: number) => Array.from({ length: count }, (_, k) => k === count - 1 ? 1 : 0);
  const factors = points.map((point, i) =>
    others[i].reduce((product, other) => product * (point - other), 1)
  );
  const ofResults = [...powers(TILE), atInfinity(TILE)];
  return {
    pixels: [...others.map((rest) => [...withZeros(rest), 0]), withZeros(points)],
    taps: [...powers(taps).map((row, i) => row.map((power) => power / factors[i])), atInfinity(taps)],
    results: atInfinity(TILE).map((_, result) =>
      Array.from({ length: length + 1 }, (_, i) => ofResults[i][result])
    ),
  };
}

/** Along one side of a phase. */
interface Side {
  /** First tap of the filter, 0 or 1. */
  phase: number;
  taps: number;
  points: number;
  tiles: number;
  /** Pixels of the phase to points, [points · tiles][pixels]; taps to points; points to results, [results][points · tiles]. */
  into: number[][];
  filter: number[][];
  out: number[][];
}

/** How many results there are along a side. */
const resultsAlong = (pixels: number, taps: number) => Math.floor((pixels - taps) / 2) + 1;

function sideOf(pixels: number, allTaps: number, phase: number): Side {
  const taps = Math.ceil((allTaps - phase) / 2), points = TILE + taps - 1, matrices = matricesFor(taps);
  const results = resultsAlong(pixels, allTaps),
    tiles = Math.ceil(results / TILE),
    own = Math.ceil(pixels / 2);
  const into = matrices.pixels.flatMap((row) =>
    Array.from(
      { length: tiles },
      (_, t) => Array.from({ length: own }, (_, pixel) => row[pixel - t * TILE] ?? 0),
    )
  );
  const out = Array.from(
    { length: results },
    (_, result) =>
      Array.from({ length: points * tiles }, (_, k) => {
        const ofTile = k % tiles === Math.floor(result / TILE);
        return ofTile ? matrices.results[result % TILE][Math.floor(k / tiles)] : 0;
      }),
  );
  return { phase, taps, points, tiles, into, filter: matrices.taps, out };
}

/** The four phases of a convolution, as [down, across]. */
function phasesOf(x: readonly number[], filter: readonly number[]): [Side, Side][] {
  const [down, across] = [0, 1].map((axis) =>
    [0, 1].map((phase) => sideOf(x[1 + axis], filter[axis], phase))
  );
  return down.flatMap((one) => across.map((other): [Side, Side] => [one, other]));
}

/** Most of a convolution's multiplications that may be left: tiles also move more memory. */
const WORTH = 0.6;

/** Multiplications of pairs of channels and examples, a result, as it stands and by tiles. */
function shareLeft(x: readonly number[], filter: readonly number[]): number {
  const [batch, height, width, channels] = x, [rows, columns, , filters] = filter, both = channels * filters;
  const results = resultsAlong(height, rows) * resultsAlong(width, columns);
  const pixels = Math.ceil(height / 2) * Math.ceil(width / 2);
  const tiled = phasesOf(x, filter).reduce((sum, [down, across]) => {
    const points = down.points * down.tiles * across.points * across.tiles;
    return sum + points * batch * (both + pixels * channels + results * filters);
  }, 0);
  return tiled / (batch * results * rows * columns * both);
}

/**
 * Whether a convolution with stride 2 is worth doing by tiles.
 *
 * @param x Shape of the pictures, [batch, height, width, channels].
 * @param filter Shape of the filter, [rows, columns, channels, filters].
 */
export function isWorthTiles(x: readonly number[], filter: readonly number[]): boolean {
  const [rows, columns, channels, filters] = filter;
  if (Math.min(rows, columns) < 3 || Math.max(rows, columns) > 2 * MOST_TAPS) return false;
  if (rows > x[1] || columns > x[2] || Math.min(channels, filters) < 32) return false;
  return shareLeft(x, filter) <= WORTH;
}

function kronecker(a: readonly number[][], b: readonly number[][]): number[][] {
  return a.flatMap((rowA) => b.map((rowB) => rowA.flatMap((x) => rowB.map((y) => x * y))));
}

/** Where (point, point, tile, tile) stands among (point, tile, point, tile). */
function orderOf([down, across]: [Side, Side]): number[] {
  const order: number[] = [], row = across.points * across.tiles;
  for (let i = 0; i < down.points; i++) {
    for (let k = 0; k < across.points; k++) {
      for (let t = 0; t < down.tiles; t++) {
        for (let s = 0; s < across.tiles; s++) {
          order.push((i * down.tiles + t) * row + k * across.tiles + s);
        }
      }
    }
  }
  return order;
}

const matrix = (rows: number[][]) =>
  tf.tensor2d(Float32Array.from(rows.flat()), [rows.length, rows[0].length]);

/** Every second of two axes apart: [h, w, …] to four of [⌈h / 2⌉ · ⌈w / 2⌉, …], zeros where there is nothing. */
function phaseApart(x: tf.Tensor): tf.Tensor[] {
  const [height, width, ...rest] = x.shape, down = Math.ceil(height / 2), across = Math.ceil(width / 2);
  const even = tf.pad(x, [
    [0, 2 * down - height],
    [0, 2 * across - width],
    ...rest.map((): [number, number] => [0, 0]),
  ]);
  const size = rest.reduce((product, side) => product * side, 1);
  const apart = tf.transpose(tf.reshape(even, [down, 2, across, 2, size]), [1, 3, 0, 2, 4]);
  return tf.unstack(tf.reshape(apart, [4, down, across, size]));
}

/**
 * A "valid" convolution with stride 2, by tiles; {@linkcode isWorthTiles} says when.
 *
 * @param x Pictures, [batch, height, width, channels].
 * @param filter [rows, columns, channels, filters].
 * @returns [batch, results down, results across, filters], differentiable in both.
 */
export function convolveStridedTiled(x: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape, [rows, columns, , filters] = filter.shape;
  return tf.tidy(() => {
    const pictures = phaseApart(tf.transpose(x, [1, 2, 0, 3])), taps = phaseApart(filter);
    const results = phasesOf(x.shape, filter.shape).map((sides, i) => {
      const [down, across] = sides, order = orderOf(sides);
      const points = down.points * across.points, tiles = down.tiles * across.tiles;
      const into = kronecker(down.into, across.into), out = kronecker(down.out, across.out);
      const own = tf.reshape(pictures[i], [-1, batch * channels]) as tf.Tensor2D;
      const spread = tf.matMul(matrix(order.map((row) => into[row])), own);
      const ownTaps = tf.slice(taps[i], [0, 0, 0], [down.taps, across.taps, -1]);
      const flat = tf.reshape(ownTaps, [down.taps * across.taps, channels * filters]) as tf.Tensor2D;
      const atPoints = tf.matMul(matrix(kronecker(down.filter, across.filter)), flat);
      const product = tf.matMul(
        tf.reshape(spread, [points, tiles * batch, channels]),
        tf.reshape(atPoints, [points, channels, filters]),
      );
      const back = matrix(out.map((row) => order.map((k) => row[k])));
      return tf.matMul(back, tf.reshape(product, [points * tiles, batch * filters]) as tf.Tensor2D);
    });
    const sum = tf.sum(tf.stack(results), 0); // in one order, which a sum of four tensors has not
    const [down, across] = [resultsAlong(height, rows), resultsAlong(width, columns)];
    return tf.transpose(tf.reshape(sum, [down, across, batch, filters]), [2, 0, 1, 3]) as tf.Tensor4D;
  });
}

/**
 * A convolution, with stride 2 by tiles where that is faster on the native backend.
 *
 * @param x Pictures, [batch, height, width, channels].
 * @param filter [rows, columns, channels, filters].
 * @returns [batch, results down, results across, filters], differentiable in both.
 */
export function convolveStrided(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  strides: readonly [number, number],
  padding: "same" | "valid",
): tf.Tensor4D {
  const { tracer } = state, isTwofold = padding === "valid" && strides.every((step) => step === 2);
  const tiled = tracer && !tracer.isMixed && isTwofold && isWorthTiles(x.shape, filter.shape);
  return tiled ? convolveStridedTiled(x, filter) : tf.conv2d(x, filter, [...strides], padding);
}
