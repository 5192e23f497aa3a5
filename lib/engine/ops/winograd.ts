/**
 * Convolutions with 3 × 3 filters and stride 1 by minimal filtering, where a small picture has many channels.
 *
 * A tile of 2 × 2 or 4 × 4 results takes 16 or 36 multiplications a pair of channels instead of 36 or 144; the rest
 * becomes products of large matrices, and so does the gradient, by the tape. Turning pictures into tiles and back costs
 * memory traffic that grows with the picture while the gain grows with the channels, so it is done only where an
 * estimate of both says so. Errors are those of single precision times about 2 (tiles of 2) and 10 (tiles of 4).
 *
 * Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", arXiv 1509.09308, with its matrices. @module
 */
import { tf } from "../tf.ts";

/** Side of a tile of results. */
export type Tile = 2 | 4;

/** Bᵀ takes a tile of the picture to points, G a filter, Aᵀ points to results; one row a point or result. */
const MATRICES: Record<Tile, { Bt: number[][]; G: number[][]; At: number[][] }> = {
  2: {
    Bt: [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]],
    G: [[1, 0, 0], [1 / 2, 1 / 2, 1 / 2], [1 / 2, -1 / 2, 1 / 2], [0, 0, 1]],
    At: [[1, 1, 1, 0], [0, 1, -1, -1]],
  },
  4: {
    Bt: [
      [4, 0, -5, 0, 1, 0],
      [0, -4, -4, 1, 1, 0],
      [0, 4, -4, -1, 1, 0],
      [0, -2, -1, 2, 1, 0],
      [0, 2, -1, -2, 1, 0],
      [0, 4, 0, -5, 0, 1],
    ],
    G: [
      [1 / 4, 0, 0],
      [-1 / 6, -1 / 6, -1 / 6],
      [-1 / 6, 1 / 6, -1 / 6],
      [1 / 24, 1 / 12, 1 / 6],
      [1 / 24, -1 / 12, 1 / 6],
      [0, 0, 1],
    ],
    At: [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
  },
};

/** A convolution's sizes: one picture, its results, and the rows and columns of zeros around it. */
interface Sizes {
  batch: number;
  height: number;
  width: number;
  channels: number;
  filters: number;
  /** 1 for "same", 0 for "valid". */
  margin: 0 | 1;
}

function sizesOf(x: readonly number[], filter: readonly number[], padding: "same" | "valid"): Sizes {
  const [batch, height, width, channels] = x;
  return { batch, height, width, channels, filters: filter[3], margin: padding === "same" ? 1 : 0 };
}

const resultSide = (side: number, margin: number) => side + 2 * margin - 2;
const tilesAlong = (side: number, margin: number, tile: Tile) => Math.ceil(resultSide(side, margin) / tile);

/** What this kind of machine does in a nanosecond on one core: operations of a convolution and of a product, bytes moved. */
const SPEED = { convolution: 100, product: 130, bytes: 8 };

/** Estimated time of one forward pass with tiles, ns. */
function tiledTime(sizes: Sizes, tile: Tile): number {
  const { batch, height, width, channels, filters, margin } = sizes;
  const pixels = height * width, points = (tile + 2) ** 2;
  const tiles = tilesAlong(height, margin, tile) * tilesAlong(width, margin, tile);
  const both = batch * (channels + filters), weights = channels * filters;
  const products = 2 * points * tiles * (batch * weights + pixels * both);
  const bytes = 4 * ((2 * pixels + points * tiles) * both + (9 + points) * weights);
  return products / SPEED.product + bytes / SPEED.bytes;
}

/** Estimated time of one forward pass as it stands, ns. */
function directTime({ batch, height, width, channels, filters, margin }: Sizes): number {
  return 18 * batch * resultSide(height, margin) * resultSide(width, margin) * channels * filters /
    SPEED.convolution;
}

/**
 * What tiles take of the time of a convolution as it stands, by an estimate.
 *
 * @param x Shape of the pictures, [batch, height, width, channels].
 * @param filter Shape of the filter, [3, 3, channels, filters].
 */
export function estimatedShare(
  x: readonly number[],
  filter: readonly number[],
  padding: "same" | "valid",
  tile: Tile,
): number {
  const sizes = sizesOf(x, filter, padding);
  return tiledTime(sizes, tile) / directTime(sizes);
}

/**
 * Which tiles make a convolution faster.
 *
 * @param x Shape of the pictures, [batch, height, width, channels].
 * @param filter Shape of the filter, [3, 3, channels, filters].
 * @returns Side of the tiles; undefined where the convolution should be done as it stands.
 */
export function chooseTile(
  x: readonly number[],
  filter: readonly number[],
  padding: "same" | "valid",
): Tile | undefined {
  const sizes = sizesOf(x, filter, padding), { height, width, channels, filters, margin } = sizes;
  const results = resultSide(height, margin) * resultSide(width, margin);
  if (filter[0] !== 3 || filter[1] !== 3 || Math.min(channels, filters) < 32 || results < 4) return undefined;
  const direct = directTime(sizes);
  const small = tiledTime(sizes, 2), large = tiledTime(sizes, 4);
  if (Math.min(small, large) > 0.85 * direct) return undefined;
  return large < 0.85 * small ? 4 : 2; // small tiles are the more exact ones
}

/** Kronecker product of the rows of two matrices. */
function kronecker(a: readonly number[][], b: readonly number[][]): number[][] {
  return a.flatMap((rowA) => b.map((rowB) => rowA.flatMap((x) => rowB.map((y) => x * y))));
}

/** Along one side: pixels to points of all tiles, [points · tiles][side], and points to results, [results][points · tiles]. */
function alongSide(side: number, margin: number, tile: Tile): { into: number[][]; out: number[][] } {
  const { Bt, At } = MATRICES[tile], points = tile + 2, tiles = tilesAlong(side, margin, tile);
  const into = Bt.flatMap((row) =>
    Array.from({ length: tiles }, (_, t) => {
      const pixels = new Array<number>(side).fill(0);
      row.forEach((value, i) => {
        const pixel = t * tile + i - margin;
        if (pixel >= 0 && pixel < side) pixels[pixel] = value;
      });
      return pixels;
    })
  );
  const out = Array.from({ length: resultSide(side, margin) }, (_, result) => {
    const row = new Array<number>(points * tiles).fill(0);
    const t = Math.floor(result / tile);
    for (let i = 0; i < points; i++) row[i * tiles + t] = At[result % tile][i];
    return row;
  });
  return { into, out };
}

/** A matrix that is needed again and again, flat. */
interface Flat {
  values: Float32Array;
  shape: [rows: number, columns: number];
}

function flat(rows: readonly number[][]): Flat {
  return { values: Float32Array.from(rows.flat()), shape: [rows.length, rows[0].length] };
}

/** Reorders (point, tile, point, tile) along an axis to (point, point, tile, tile). */
function pointsFirst<T>(rows: readonly T[], points: number, tilesDown: number, tilesAcross: number): T[] {
  const out: T[] = [];
  for (let i = 0; i < points; i++) {
    for (let j = 0; j < points; j++) {
      for (let t = 0; t < tilesDown; t++) {
        for (let s = 0; s < tilesAcross; s++) {
          out.push(rows[(i * tilesDown + t) * points * tilesAcross + j * tilesAcross + s]);
        }
      }
    }
  }
  return out;
}

const KEPT = new Map<string, { into: Flat; out: Flat }>();

/** Pixels to points, [points² · tiles, pixels]; points to results, [results, points² · tiles]. */
function matricesFor({ height, width, margin }: Sizes, tile: Tile) {
  const key = `${height} ${width} ${margin} ${tile}`;
  let found = KEPT.get(key);
  if (!found) {
    const down = alongSide(height, margin, tile), across = alongSide(width, margin, tile), points = tile + 2;
    const order = <T>(rows: readonly T[]) =>
      pointsFirst(rows, points, tilesAlong(height, margin, tile), tilesAlong(width, margin, tile));
    found = {
      into: flat(order(kronecker(down.into, across.into))),
      out: flat(kronecker(down.out, across.out).map(order)),
    };
    KEPT.set(key, found);
  }
  return found;
}

const matrix = ({ values, shape }: Flat) => tf.tensor2d(values, shape);

/**
 * A filter as its points.
 *
 * @param filter [3, 3, channels, filters].
 * @returns [points², channels, filters], differentiable.
 */
export function transformFilter(filter: tf.Tensor4D, tile: Tile): tf.Tensor3D {
  const [, , channels, filters] = filter.shape, points = (tile + 2) ** 2;
  return tf.tidy(() => {
    const G = matrix(flat(kronecker(MATRICES[tile].G, MATRICES[tile].G)));
    const product = tf.matMul(G, tf.reshape(filter, [9, channels * filters]));
    return tf.reshape(product, [points, channels, filters]);
  });
}

/**
 * A convolution with stride 1 by tiles; {@linkcode chooseTile} says when.
 *
 * @param x Pictures, [batch, height, width, channels].
 * @param filter What {@linkcode transformFilter} gave for the same tile.
 * @returns [batch, results down, results across, filters], differentiable in both.
 */
export function convolveTiled(
  x: tf.Tensor4D,
  filter: tf.Tensor3D,
  padding: "same" | "valid",
  tile: Tile,
): tf.Tensor4D {
  const sizes = sizesOf(x.shape, [3, 3, ...filter.shape.slice(1)], padding);
  const { batch, height, width, channels, filters, margin } = sizes;
  const { into, out } = matricesFor(sizes, tile);
  const [, pixels] = into.shape, points = (tile + 2) ** 2;
  return tf.tidy(() => {
    const pixelsFirst = tf.transpose(tf.reshape(x, [batch, pixels, channels]), [1, 0, 2]);
    const spread = tf.matMul(matrix(into), tf.reshape(pixelsFirst, [pixels, batch * channels]));
    const tiles = into.shape[0] / points; // in the picture; rows of the product below are (tile, example)
    const product = tf.matMul(tf.reshape(spread, [points, tiles * batch, channels]), filter);
    const joined = tf.matMul(matrix(out), tf.reshape(product, [points * tiles, batch * filters]));
    const results = tf.transpose(tf.reshape(joined, [out.shape[0], batch, filters]), [1, 0, 2]);
    return tf.reshape(results, [batch, resultSide(height, margin), resultSide(width, margin), filters]);
  });
}
