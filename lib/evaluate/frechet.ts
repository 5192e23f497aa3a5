/** The Fréchet distance between two sets of feature vectors, taken as Gaussian clouds. @module */

/** Feature vectors, row-major [n, size]. */
export interface Features {
  /** Values, row-major. */
  data: ArrayLike<number>;
  /** Vectors, and numbers in each. */
  shape: readonly [n: number, size: number];
}

/** Mean and covariance of some vectors. */
interface Cloud {
  mean: Float64Array;
  /** [size, size]. */
  covariance: Float64Array;
  size: number;
}

function cloudOf({ data, shape: [n, size] }: Features): Cloud {
  if (n < 2) throw new RangeError(`Cannot measure a covariance of ${n} vectors: there must be two or more`);
  const mean = new Float64Array(size), covariance = new Float64Array(size * size);
  for (let row = 0; row < n; row++) {
    for (let i = 0; i < size; i++) mean[i] += data[row * size + i] / n;
  }
  const off = new Float64Array(size);
  for (let row = 0; row < n; row++) {
    for (let i = 0; i < size; i++) off[i] = data[row * size + i] - mean[i];
    for (let i = 0; i < size; i++) {
      for (let j = i; j < size; j++) covariance[i * size + j] += off[i] * off[j] / (n - 1);
    }
  }
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) covariance[i * size + j] = covariance[j * size + i];
  }
  return { mean, covariance, size };
}

/** Eigenvalues and eigenvectors (as columns) of a symmetric matrix. */
interface Eigen {
  values: Float64Array;
  vectors: Float64Array;
}

/**
 * Eigenvalues of a symmetric matrix by Jacobi's rotations, cyclic by rows.
 *
 * Source: Golub and Van Loan, "Matrix Computations", 4th edition, section 8.5.
 */
function eigenOf(matrix: Float64Array, size: number): Eigen {
  const a = matrix.slice(), vectors = new Float64Array(size * size);
  for (let i = 0; i < size; i++) vectors[i * size + i] = 1;
  const scale = a.reduce((sum, value) => sum + value * value, 0);
  for (let sweep = 0; sweep < 50; sweep++) {
    let off = 0;
    for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) off += a[i * size + j] ** 2;
    if (off <= 1e-24 * scale) break;
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(a, vectors, size, p, q);
  }
  return { values: Float64Array.from({ length: size }, (_, i) => a[i * size + i]), vectors };
}

/** Makes element (p, q) of a symmetric matrix zero. */
function rotate(a: Float64Array, vectors: Float64Array, size: number, p: number, q: number): void {
  const apq = a[p * size + q];
  if (apq === 0) return;
  const theta = (a[q * size + q] - a[p * size + p]) / (2 * apq);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1), s = t * c;
  for (let k = 0; k < size; k++) {
    const kp = a[k * size + p], kq = a[k * size + q];
    a[k * size + p] = c * kp - s * kq;
    a[k * size + q] = s * kp + c * kq;
  }
  for (let k = 0; k < size; k++) {
    const pk = a[p * size + k], qk = a[q * size + k];
    a[p * size + k] = c * pk - s * qk;
    a[q * size + k] = s * pk + c * qk;
  }
  for (let k = 0; k < size; k++) {
    const kp = vectors[k * size + p], kq = vectors[k * size + q];
    vectors[k * size + p] = c * kp - s * kq;
    vectors[k * size + q] = s * kp + c * kq;
  }
}

/** The symmetric square root of a covariance. */
function rootOf(matrix: Float64Array, size: number): Float64Array {
  const { values, vectors } = eigenOf(matrix, size), root = new Float64Array(size * size);
  for (let k = 0; k < size; k++) {
    const weight = Math.sqrt(Math.max(0, values[k]));
    if (weight === 0) continue;
    for (let i = 0; i < size; i++) {
      const left = weight * vectors[i * size + k];
      for (let j = 0; j < size; j++) root[i * size + j] += left * vectors[j * size + k];
    }
  }
  return root;
}

function product(a: Float64Array, b: Float64Array, size: number): Float64Array {
  const out = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < size; k++) {
      const left = a[i * size + k];
      for (let j = 0; j < size; j++) out[i * size + j] += left * b[k * size + j];
    }
  }
  return out;
}

/**
 * The Fréchet distance |μ₁ − μ₂|² + tr(C₁ + C₂ − 2 (C₁^½ C₂ C₁^½)^½) of two sets of vectors: 0 for clouds of the same mean
 * and covariance. On features of a classifier it says how far generated pictures are from real ones, the lower the better.
 *
 * Shapes: [n, size] each, n at least 2. It falls with n for equal distributions, so that only values of one n compare.
 * Source: Dowson and Landau, J. Multivar. Anal. 12, 450 (1982); on features, Heusel et al., arXiv 1706.08500.
 *
 * @throws {RangeError} If the vectors differ in size, or there are too few.
 * @example Two clouds one apart
 * ```ts
 * frechetDistance({ data: [0, 2], shape: [2, 1] }, { data: [1, 3], shape: [2, 1] }); // 1
 * ```
 */
export function frechetDistance(a: Features, b: Features): number {
  const first = cloudOf(a), second = cloudOf(b), { size } = first;
  if (size !== second.size) {
    throw new RangeError(`Cannot compare vectors of ${size} numbers with vectors of ${second.size}`);
  }
  let distance = 0;
  for (let i = 0; i < size; i++) {
    distance += (first.mean[i] - second.mean[i]) ** 2;
    distance += first.covariance[i * size + i] + second.covariance[i * size + i];
  }
  const root = rootOf(first.covariance, size);
  const between = product(product(root, second.covariance, size), root, size);
  const { values } = eigenOf(between, size);
  return Math.max(0, distance - 2 * values.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0));
}
