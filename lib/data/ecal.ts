/**
 * Electrons and photons in an electromagnetic calorimeter: HDF5 files of 32 × 32 crystals with energy and time.
 *
 * The published pair, `SinglePhotonPt50_IMGCROPS_n249k_RHv1.hdf5` and the electrons', has `/X` (249,000, 32, 32, 2) float32, energy / 50 GeV and time / 50 ns,
 * and `/y`, 0 for a photon and 1 for an electron. Any files of that layout do, one kind a file or mixed. Files are never read
 * whole; of what is asked for, the one pixel in twenty that is not zero is kept.
 *
 * Source: the ML4SCI hackathon's files; `load_data` of github.com/ekoenig4/ParticleImages. @module
 */
import type { ByteSource } from "../io/byte_source.ts";
import type { FileArray } from "../io/file_array.ts";
import { type Hdf5File, openHdf5, type OpenHdf5Options } from "../io/hdf5.ts";
import { joinArrays } from "../io/joined_array.ts";
import type { NdArray } from "./source.ts";
import { createSparseImages, type SparseImages } from "./sparse_images.ts";

/** Names of the kinds, by label. */
export const ECAL_KINDS = ["photon", "electron"] as const;
/** Shape of an image: rows along the beam, columns around it, energy and time. */
export const ECAL_SHAPE = [32, 32, 2] as const;

/** Where the document's validation and test images begin, and how many there are, in each published file. */
const STANDARD = { validation: 160_000, test: 204_800, images: 249_000 };
/** Images read at once: 2 MiB. */
const BLOCK = 256;

/** From one image of each kind to before another. */
export type EcalRange = readonly [start: number, stop: number];

/** A part of the set in memory. */
export interface EcalImages {
  /** Pixels, kept as those that are not zero. */
  images: SparseImages;
  /** 0 photon, 1 electron, of each image. */
  labels: Int32Array;
  /** Numbers of the images in the set. */
  rows: Uint32Array;
  /** What was found wrong with the values, a line each; empty where nothing was. */
  faults: string[];
}

/** Files opened as one set; close it when done. */
export interface EcalSet extends Disposable {
  /** Name and number of images of each file, and what its labels were told by. */
  readonly files: readonly { name: string; images: number; labelsFrom: "y" | "name" }[];
  /** Label of every image, file after file. */
  readonly labels: Int32Array;
  /** Images of each kind. */
  readonly counts: { photon: number; electron: number };
  /** Numbers of photons `start` to before `stop`, then of electrons `start` to before `stop`. @throws {RangeError} If there are fewer. */
  rowsOf(start: number, stop: number): Uint32Array;
  /**
   * The document's `load_data`: photons `start` to before `stop`, then the electrons; (0, 100) is 200 images.
   *
   * @returns Images [n, 32, 32, 2] and labels, and what was found wrong with the values.
   */
  loadData(
    start: number,
    stop: number,
  ): Promise<{ images: NdArray<Float32Array>; labels: Int32Array; faults: string[] }>;
  /** Reads images by number, in their order; pixels that are no numbers count as empty and are said. */
  read(rows: ArrayLike<number>, options?: EcalReadOptions): Promise<EcalImages>;
  /** A quantity of every image, such as "energy_GeV", where each file has it as `/truth/NAME`: simulated ones do. */
  truth(name: string): Promise<Float32Array | undefined>;
  /** Lets go of the files. */
  close(): void;
}

/** Options of {@linkcode EcalSet.read}. */
export interface EcalReadOptions {
  /** Ends the reading. */
  signal?: AbortSignal;
  /** Takes how many images are read. */
  onProgress?: (done: number, of: number) => void;
}

/**
 * The standard split of images of each kind: training from 0, validation from 160,000 and test from 204,800 of 249,000, and
 * in the same proportion of other numbers.
 *
 * @throws {RangeError} If a part would be empty.
 * @example
 * ```ts
 * standardSplit(249_000).test; // 204800, 249000
 * ```
 */
export function standardSplit(images: number): Record<"train" | "validation" | "test", EcalRange> {
  const at = (place: number) => Math.floor(images * place / STANDARD.images);
  const validation = at(STANDARD.validation), test = at(STANDARD.test);
  if (!(validation > 0 && test > validation && images > test)) {
    throw new RangeError(`Cannot split ${images} images of each kind into training, validation and test`);
  }
  return { train: [0, validation], validation: [validation, test], test: [test, images] };
}

/** The kind that a file's name says. */
function labelOfName(name: string): number | undefined {
  const found = ECAL_KINDS.map((kind) => name.toLowerCase().includes(kind));
  return found[0] === found[1] ? undefined : Number(found[1]);
}

/** Labels of one file's images. */
async function labelsOf(
  file: Hdf5File,
  paths: readonly string[],
  images: number,
): Promise<Int32Array | number> {
  const failed = `Cannot take the images of "${file.name}"`;
  if (!paths.includes("y")) {
    const label = labelOfName(file.name.split("/").at(-1)!);
    if (label !== undefined) return label;
    throw new TypeError(
      `${failed} as their kind is not known: there is no dataset "y", and the name is of no kind`,
    );
  }
  const { data, shape } = await file.read("y");
  if (data.length !== images) {
    throw new TypeError(`${failed} as "y" must have one label each, ${images}: it is [${shape}]`);
  }
  const labels = Int32Array.from(data as ArrayLike<number>, Number);
  const wrong = labels.findIndex((label, i) => (label !== 0 && label !== 1) || label !== Number(data[i]));
  if (wrong < 0) return labels;
  throw new TypeError(
    `${failed} as labels must be 0, photon, or 1, electron: row ${wrong} of "y" is ${data[wrong]}`,
  );
}

/**
 * Opens files as one set; of the images nothing is read yet.
 *
 * Memory: as `openHdf5` for each file; `chunkCacheBytes`, 64 MiB unless said, is shared out among them.
 *
 * @param places Paths, http addresses, sources or the bytes of HDF5 files.
 * @throws {TypeError} If a file has no images of 32 × 32 × 2, its kinds are not known, or labels are not 0 and 1.
 * @throws {RangeError} If there is no file, or a file has no dataset "X".
 * @throws {SyntaxError} If a file is damaged; it names file, dataset and rows.
 * @example A file of one photon and one electron
 * ```ts
 * import { encodeHdf5 } from "../io/hdf5_write.ts";
 * const X = { data: new Float32Array(2 * 2048), shape: [2, 32, 32, 2] };
 * const y = { data: Float32Array.of(0, 1), shape: [2] };
 * using set = await openEcal([await encodeHdf5({ X, y })]);
 * set.counts; // { photon: 1, electron: 1 }
 * ```
 */
export async function openEcal(
  places: readonly (Uint8Array | string | URL | ByteSource)[],
  options: OpenHdf5Options = {},
): Promise<EcalSet> {
  if (places.length === 0) {
    throw new RangeError("Cannot open a set of calorimeter images as there is no file");
  }
  const chunkCacheBytes = (options.chunkCacheBytes ?? 1 << 26) / places.length;
  const opened: Hdf5File[] = [],
    paths: string[][] = [],
    arrays: FileArray[] = [],
    labels: (Int32Array | number)[] = [];
  const close = () => opened.forEach((file) => file.close());
  try {
    for (const place of places) {
      const file = await openHdf5(place, { ...options, chunkCacheBytes });
      opened.push(file);
      const { shape, dtype } = await file.info("X");
      if (!dtype || shape.slice(1).join() !== ECAL_SHAPE.join()) {
        throw new TypeError(
          `Cannot take "X" of "${file.name}" as it must be numbers of [images, ${ECAL_SHAPE.join(", ")}]: ` +
            `it is ${dtype ?? "no numbers"} [${shape.join(", ")}]`,
        );
      }
      paths.push(await file.datasets());
      labels.push(await labelsOf(file, paths.at(-1)!, shape[0]));
      const read = (rows?: readonly [number, number]) => file.read("X", { rows });
      arrays.push({ name: `${file.name}/X`, shape, dtype, isPicture: false, read });
    }
    return createSet(opened, paths, joinArrays(arrays, "X"), arrays, labels, close);
  } catch (error) {
    close();
    throw error;
  }
}

function createSet(
  opened: readonly Hdf5File[],
  paths: readonly string[][],
  whole: FileArray,
  arrays: readonly FileArray[],
  labelsOfFiles: readonly (Int32Array | number)[],
  close: () => void,
): EcalSet {
  const labels = new Int32Array(whole.shape[0]);
  let at = 0;
  arrays.forEach(({ shape: [images] }, i) => {
    const own = labelsOfFiles[i];
    if (typeof own === "number") labels.fill(own, at, at + images);
    else labels.set(own, at);
    at += images;
  });
  const kinds = ECAL_KINDS.map((_, label) => rowsWith(labels, label));

  function rowsOf(start: number, stop: number): Uint32Array {
    const parts = kinds.map((rows, label) => {
      const isInside = Number.isInteger(start) && Number.isInteger(stop) && 0 <= start && start <= stop;
      if (isInside && stop <= rows.length) return rows.subarray(start, stop);
      throw new RangeError(`Cannot take ${ECAL_KINDS[label]}s ${start} to ${stop}: there are ${rows.length}`);
    });
    return Uint32Array.from(parts.flatMap((rows) => [...rows]));
  }

  const read: EcalSet["read"] = async (rows, options = {}) => {
    const { images, faults } = await readRows(whole, rows, options);
    return {
      images,
      faults,
      labels: Int32Array.from(rows, (row) => labels[row]),
      rows: Uint32Array.from(rows),
    };
  };

  return {
    files: opened.map(({ name }, i) => ({
      name,
      images: arrays[i].shape[0],
      labelsFrom: typeof labelsOfFiles[i] === "number" ? "name" : "y",
    })),
    labels,
    counts: { photon: kinds[0].length, electron: kinds[1].length },
    rowsOf,
    read,
    async loadData(start, stop) {
      const { images, labels, faults } = await read(rowsOf(start, stop));
      return { images: images.read(Array.from(labels, (_, i) => i)), labels, faults };
    },
    async truth(name) {
      const path = `truth/${name}`;
      if (!paths.every((known) => known.includes(path))) return undefined;
      const values = new Float32Array(labels.length);
      let at = 0;
      for (const file of opened) {
        const { data } = await file.read(path);
        values.set(data as Float32Array, at);
        at += data.length;
      }
      return values;
    },
    close,
    [Symbol.dispose]: close,
  };
}

function rowsWith(labels: Int32Array, label: number): Uint32Array {
  const rows = new Uint32Array(labels.length);
  let count = 0;
  for (let row = 0; row < labels.length; row++) if (labels[row] === label) rows[count++] = row;
  return rows.subarray(0, count);
}

/** Faults of values, counted. */
interface FaultCounts {
  notFinite: number;
  timeOnly: number;
}

/** Reads rows, a block of neighbours at a time, the next one while this one is packed. */
async function readRows(whole: FileArray, rows: ArrayLike<number>, { signal, onProgress }: EcalReadOptions) {
  const images = createSparseImages(ECAL_SHAPE), counts: FaultCounts = { notFinite: 0, timeOnly: 0 };
  const size = ECAL_SHAPE.reduce((product, side) => product * side, 1);
  const blocks = [...blocksOf(rows)];
  const fetch = ({ low, high }: RowBlock) => {
    const values = whole.read([low, high + 1]);
    values.catch(() => {}); // reported when its turn comes
    return values;
  };
  let next = blocks.length > 0 ? fetch(blocks[0]) : undefined;
  for (const [i, { first, end, low }] of blocks.entries()) {
    signal?.throwIfAborted();
    const { data } = await next!;
    if (i + 1 < blocks.length) next = fetch(blocks[i + 1]);
    const part = new Float32Array((end - first) * size);
    for (let k = first; k < end; k++) {
      const from = (rows[k] - low) * size;
      part.set(data.subarray(from, from + size) as Float32Array, (k - first) * size);
    }
    clean(part, counts);
    images.add(part);
    onProgress?.(end, rows.length);
  }
  return { images, faults: describeFaults(counts) };
}

/** Places `first` to before `end` of a list of rows, and the lowest and the highest row there. */
interface RowBlock {
  first: number;
  end: number;
  low: number;
  high: number;
}

/** Cuts a list of rows into blocks, each of rows so near to each other that one slab holds them. */
function* blocksOf(rows: ArrayLike<number>): Generator<RowBlock> {
  for (let first = 0; first < rows.length;) {
    let low = rows[first], high = low, end = first + 1;
    while (end < rows.length && end - first < BLOCK) {
      const lower = Math.min(low, rows[end]), higher = Math.max(high, rows[end]);
      if (higher - lower >= BLOCK) break;
      [low, high] = [lower, higher];
      end++;
    }
    yield { first, end, low, high };
    first = end;
  }
}

/** Empties pixels that are no numbers, and counts these and times without energy. */
function clean(images: Float32Array, counts: FaultCounts): void {
  for (let at = 0; at < images.length; at += 2) {
    const energy = images[at], time = images[at + 1];
    if (energy === 0 && time === 0) continue;
    if (!Number.isFinite(energy) || !Number.isFinite(time)) {
      counts.notFinite++;
      images[at] = 0;
      images[at + 1] = 0;
    } else if (energy === 0) counts.timeOnly++;
  }
}

function describeFaults({ notFinite, timeOnly }: FaultCounts): string[] {
  const pixels = (count: number) => count === 1 ? "1 pixel has" : `${count} pixels have`;
  return [
    ...(notFinite > 0 ? [`${pixels(notFinite)} an energy or time that is no number: taken for empty`] : []),
    ...(timeOnly > 0 ? [`${pixels(timeOnly)} a time without energy`] : []),
  ];
}
