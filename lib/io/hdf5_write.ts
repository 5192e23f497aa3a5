/**
 * HDF5 files written row after row: nothing but the chunk that is being filled and the chunks' places is kept in memory.
 *
 * Files are read by every version of the library since 1.8 (h5py, h5wasm, MATLAB, ROOT's readers). Written here rather than
 * by h5wasm, which writes in memory only, and one filter a dataset.
 *
 * Source: HDF5 File Format Specification 3.0: superblock and object headers of version 2, groups of links in the header,
 * layout of version 3, chunks found by a version 1 B-tree. @module
 */
import { createDurableWriter } from "../base/durable_writer.ts";
import { deflateSync } from "node:zlib";
import { joinParts, type Part, u8 } from "./_parts.ts";
import {
  dataspace,
  datatype,
  lookup3,
  message,
  NOWHERE,
  objectHeader,
  ownType,
  packLzf,
  shuffleBytes,
  u16,
  u32,
  u64,
  valueBytes,
} from "./_hdf5_encode.ts";
import type { NpyType, NpyValues } from "./npy_type.ts";

/** A value of an attribute. */
export type Hdf5AttributeValue = string | number | NpyValues;

/** How a dataset is kept. */
export interface Hdf5Packing {
  /** Packs each chunk: deflate, or LZF, which is several times as fast and packs less. @default {not packed} */
  compression?: "gzip" | "lzf";
  /** Deflate level from 1 to 9. @default {4} */
  level?: number;
  /** Puts the bytes of values together by their place first, which helps where neighbours are alike. @default {false} */
  shuffle?: boolean;
  /** Attributes of the dataset. */
  attributes?: Readonly<Record<string, Hdf5AttributeValue>>;
}

/** A dataset that grows by rows. */
export interface Hdf5DatasetOptions extends Hdf5Packing {
  /** NumPy's name of the values' type. */
  dtype: NpyType;
  /** Sides of a row: [32, 32, 2] for a dataset of shape [rows, 32, 32, 2]. @default {[], a number a row} */
  rowShape?: readonly number[];
  /** Rows of a chunk. @default {as many as make about 1 MiB} */
  chunkRows?: number;
}

/** A dataset being written. */
export interface Hdf5DatasetWriter {
  /** Rows so far. */
  readonly rows: number;
  /**
   * Adds rows.
   *
   * @throws {RangeError} If the values are not whole rows.
   * @throws {TypeError} If they are not of the dataset's type.
   */
  append(values: NpyValues): void;
}

/** A file being written. */
export interface Hdf5Writer {
  /** Starts a dataset; slashes in its path make groups. @throws {TypeError} If the path is taken. */
  dataset(path: string, options: Hdf5DatasetOptions): Hdf5DatasetWriter;
  /** Writes what is left and where everything is. */
  close(): void;
  /** Gives up: nothing stays. Does nothing after `close`. */
  abort(): void;
}

/** An array to write whole. */
export interface Hdf5Input extends Hdf5Packing {
  /** Values in row-major order. */
  data: NpyValues;
  /** Sides, slowest first; empty for a single number. */
  shape: readonly number[];
  /** Deflate level from 1 to 9: the same as `compression: "gzip"` with this `level`. */
  gzip?: number;
  /** NumPy's name of the type, for `b1` and `f2`. @default {the array's own} */
  dtype?: NpyType;
  /** Sides of a chunk. @default {packed: one row; else none} */
  chunks?: readonly number[];
}

/** Where bytes go. */
interface Sink {
  /** Writes at a place of the file. */
  put(bytes: Uint8Array, at: number): void;
  finish(): void;
  abort(): void;
}

const DATASPACE = 1,
  LINK_INFO = 2,
  DATATYPE = 3,
  FILL = 5,
  LINK = 6,
  LAYOUT = 8,
  GROUP_INFO = 10,
  FILTERS = 11;
const ATTRIBUTE = 12, SUPERBLOCK_BYTES = 48;
/** Children of a node of the chunks' tree; the library expects nodes of this room unless it is told otherwise. */
const CHILDREN = 64;

/**
 * Starts a file that appears at `path` when it is closed, never half-written.
 *
 * Memory: one chunk a dataset, and 24 bytes for each chunk written.
 *
 * @param attributes Attributes of the file's root.
 * @example
 * ```ts ignore
 * const file = createHdf5File("showers.h5");
 * const images = file.dataset("X", { dtype: "f4", rowShape: [32, 32, 2], compression: "lzf" });
 * for await (const batch of batches) images.append(batch);
 * file.close();
 * ```
 */
export function createHdf5File(
  path: string,
  attributes: Readonly<Record<string, Hdf5AttributeValue>> = {},
): Hdf5Writer {
  return writer(createDurableWriter(path), attributes);
}

/**
 * Encodes arrays as an HDF5 file in memory; slashes in a path make groups.
 *
 * @param attributes Attributes of the file's root.
 * @throws {RangeError} If the number of values differs from the product of `shape`.
 */
export function encodeHdf5(
  datasets: Readonly<Record<string, Hdf5Input>>,
  attributes: Readonly<Record<string, Hdf5AttributeValue>> = {},
): Promise<Uint8Array> {
  return Promise.try(() => {
    const parts: { at: number; bytes: Uint8Array }[] = [];
    let size = 0;
    const put = (bytes: Uint8Array, at: number) => {
      parts.push({ at, bytes });
      size = Math.max(size, at + bytes.length);
    };
    const file = writer({ put, finish() {}, abort() {} }, attributes);
    for (
      const [path, { data, shape, gzip, dtype = ownType(data), chunks, ...packing }] of Object.entries(
        datasets,
      )
    ) {
      if (shape.reduce((a, b) => a * b, 1) !== data.length) {
        throw new RangeError(
          `Cannot encode HDF5 "${path}" as shape [${shape.join(", ")}] does not fit ${data.length} values`,
        );
      }
      const { compression = gzip === undefined ? undefined : "gzip", level = gzip } = packing;
      const sides = chunks ?? (compression || packing.shuffle ? [1, ...shape.slice(1)] : undefined);
      file.array(path, data, { ...packing, compression, level, dtype, shape, sides });
    }
    file.close();
    const out = new Uint8Array(size);
    for (const { at, bytes } of parts) out.set(bytes, at);
    return out;
  });
}

/** A whole array with its chunks' sides, or in one piece without. */
interface WholeOptions extends Hdf5Packing {
  dtype: NpyType;
  shape: readonly number[];
  sides: readonly number[] | undefined;
}

interface Group {
  groups: Map<string, Group>;
  /** Addresses of datasets' headers, once they are written. */
  datasets: Map<string, { finish(): number }>;
}

interface Chunk {
  at: number;
  size: number;
  mask: number;
  offset: number[];
}

function writer(
  sink: Sink,
  attributes: Readonly<Record<string, Hdf5AttributeValue>>,
): Hdf5Writer & { array(path: string, data: NpyValues, options: WholeOptions): void } {
  const root: Group = { groups: new Map(), datasets: new Map() };
  let end = SUPERBLOCK_BYTES, isPadded = false, isOpen = true;

  /** Puts bytes behind everything else, at a multiple of eight. */
  function add(part: Part): number {
    const bytes = joinParts(part), at = end;
    sink.put(bytes, at);
    end += Math.ceil(bytes.length / 8) * 8;
    isPadded = at + bytes.length < end;
    return at;
  }

  /** Makes the groups of a path and takes its last part. */
  function take(path: string, made: { finish(): number }): void {
    const parts = path.split("/"), name = parts.pop()!, failed = `Cannot write HDF5 "${path}"`;
    if (!isOpen) throw new TypeError(`${failed} as the file is closed`);
    if (name === "" || parts.includes("")) throw new TypeError(`${failed} as a part of its path is empty`);
    let group = root;
    for (const part of parts) {
      if (group.datasets.has(part)) throw new RangeError(`${failed} as "${part}" is a dataset`);
      const next = group.groups.get(part) ?? { groups: new Map(), datasets: new Map() };
      group.groups.set(part, next);
      group = next;
    }
    if (group.datasets.has(name) || group.groups.has(name)) {
      throw new TypeError(`${failed} as the path is taken`);
    }
    group.datasets.set(name, made);
  }

  function attributeMessage(name: string, value: Hdf5AttributeValue): Part {
    const label = joinParts([new TextEncoder().encode(name), u8(0)]);
    const [type, space, content] = typeof value === "string"
      ? [TEXT, dataspace([]), textInHeap(value)]
      : typeof value === "number"
      ? [datatype("f8"), dataspace([]), valueBytes(Float64Array.of(value), "f8")]
      : [datatype(ownType(value)), dataspace([value.length]), valueBytes(value, ownType(value))];
    const [typeBytes, spaceBytes] = [joinParts(type), joinParts(space)];
    const head = [u8(3, 0), u16(label.length), u16(typeBytes.length), u16(spaceBytes.length), u8(1)];
    return message(ATTRIBUTE, [head, label, typeBytes, spaceBytes, content]);
  }

  /** A text's place in a heap of its own: length, address, number. */
  function textInHeap(text: string): Part {
    const bytes = new TextEncoder().encode(text), padded = Math.ceil(bytes.length / 8) * 8;
    const size = Math.max(4096, 16 + 16 + padded + 16); // the library reads no heap smaller than this
    const heap = new Uint8Array(size);
    const object = joinParts([
      new TextEncoder().encode("GCOL"),
      u8(1, 0, 0, 0),
      u64(size),
      [u16(1), u16(0), u32(0), u64(bytes.length), bytes, new Uint8Array(padded - bytes.length)],
      [u16(0), u16(0), u32(0), u64(size - 32 - padded)], // what is free
    ]);
    heap.set(object);
    return [u32(bytes.length), u64(add(heap)), u32(1)];
  }

  function header(
    shape: readonly number[],
    options: Hdf5Packing & { dtype: NpyType },
    layout: Part,
    isChunked: boolean,
  ): number {
    const filters = filterMessage(options, Number(options.dtype[1]));
    return add(objectHeader([
      message(DATASPACE, dataspace(shape)),
      message(DATATYPE, datatype(options.dtype), 1),
      // Room is taken when values come (chunks) or at once (one piece); nothing but zeros where none came.
      message(FILL, u8(3, isChunked ? 3 << 0 | 2 << 2 : 1 | 2 << 2)),
      message(LAYOUT, layout),
      ...(isChunked && filters ? [message(FILTERS, filters)] : []),
      ...Object.entries(options.attributes ?? {}).map(([name, value]) => attributeMessage(name, value)),
    ]));
  }

  /** Packs one chunk and writes it. */
  function putChunk(bytes: Uint8Array, offset: number[], options: Hdf5Packing, size: number): Chunk {
    let packed = options.shuffle ? shuffleBytes(bytes, size) : bytes, mask = 0;
    if (options.compression === "gzip") packed = deflateSync(packed, { level: options.level ?? 4 });
    else if (options.compression === "lzf") {
      const smaller = packLzf(packed);
      if (smaller) packed = smaller;
      else mask = options.shuffle ? 2 : 1; // this filter was left out for this chunk
    }
    return { at: add(packed), size: packed.length, mask, offset };
  }

  /** Writes the tree of chunks, from its leaves up; gives the address of its root. */
  function putTree(chunks: readonly Chunk[], sides: readonly number[], size: number): Uint8Array {
    if (chunks.length === 0) return NOWHERE;
    const keyOf = (chunk: Chunk, beyond = 0): Part => [
      u32(beyond ? 0 : chunk.size),
      u32(beyond ? 0 : chunk.mask),
      chunk.offset.map((start, axis) => u64(start + beyond * sides[axis])),
      u64(beyond * size),
    ];
    const nodeBytes = 24 + CHILDREN * 8 + (CHILDREN + 1) * (8 + 8 * (sides.length + 1));
    let level = 0;
    let below = chunks.map((chunk) => ({ at: chunk.at, first: chunk, last: chunk }));
    do {
      const nodes = [];
      for (let i = 0; i < below.length; i += CHILDREN) nodes.push(below.slice(i, i + CHILDREN));
      const start = end, room = Math.ceil(nodeBytes / 8) * 8;
      below = nodes.map((children, i) => {
        const neighbour = (k: number) => k < 0 || k >= nodes.length ? NOWHERE : u64(start + k * room);
        const node = new Uint8Array(nodeBytes), last = children[children.length - 1].last;
        const body = children.map((child) => [keyOf(child.first), u64(child.at)]);
        node.set(joinParts([
          new TextEncoder().encode("TREE"),
          u8(1, level),
          u16(children.length),
          neighbour(i - 1),
          neighbour(i + 1),
          body,
          keyOf(last, 1),
        ]));
        return { at: add(node), first: children[0].first, last };
      });
      level++;
    } while (below.length > 1);
    return u64(below[0].at);
  }

  function chunkedLayout(tree: Uint8Array, sides: readonly number[], size: number): Part {
    return [u8(3, 2, sides.length + 1), tree, sides.map(u32), u32(size)];
  }

  function group(
    { groups, datasets }: Group,
    own: Readonly<Record<string, Hdf5AttributeValue>> = {},
  ): number {
    const links = [
      ...[...datasets].map(([name, dataset]) => ({ name, at: dataset.finish() })),
      ...[...groups].map(([name, inner]) => ({ name, at: group(inner) })),
    ];
    return add(objectHeader([
      message(LINK_INFO, [u8(0, 0), NOWHERE, NOWHERE]),
      message(GROUP_INFO, u8(0, 0)),
      ...links.map(({ name, at }) => {
        const bytes = new TextEncoder().encode(name);
        return message(LINK, [u8(1, 16 | 1, 1), u16(bytes.length), bytes, u64(at)]); // 1: the name is UTF-8
      }),
      ...Object.entries(own).map(([name, value]) => attributeMessage(name, value)),
    ]));
  }

  return {
    array(path, data, options) {
      const { shape, sides, dtype } = options, size = Number(dtype[1]), bytes = valueBytes(data, dtype);
      let at: number | undefined;
      const chunks: Chunk[] = [];
      take(path, {
        finish() {
          if (sides) {
            return header(shape, options, chunkedLayout(putTree(chunks, sides, size), sides, size), true);
          }
          return header(
            shape,
            options,
            [u8(3, 1), at === undefined ? NOWHERE : u64(at), u64(bytes.length)],
            false,
          );
        },
      });
      if (!sides) {
        if (bytes.length > 0) at = add(bytes);
        return;
      }
      if (sides.length !== shape.length || sides.some((side) => !(Number.isInteger(side) && side > 0))) {
        throw new RangeError(
          `Cannot encode HDF5 "${path}" as chunks of [${sides}] do not fit shape [${shape}]`,
        );
      }
      for (const offset of chunkPlaces(shape, sides)) {
        chunks.push(putChunk(cutChunk(bytes, shape, sides, offset, size), offset, options, size));
      }
    },
    dataset(path, options) {
      const { dtype, rowShape = [] } = options, size = Number(dtype[1]);
      const width = rowShape.reduce((a, b) => a * b, 1), rowBytes = width * size;
      const { chunkRows = Math.max(1, Math.ceil(2 ** 20 / Math.max(1, rowBytes))) } = options;
      if (!(Number.isInteger(chunkRows) && chunkRows > 0 && rowBytes > 0)) {
        throw new RangeError(
          `Cannot write HDF5 "${path}" as ${chunkRows} rows of [${rowShape}] make no chunk`,
        );
      }
      const sides = [chunkRows, ...rowShape], chunks: Chunk[] = [];
      let filling = new Uint8Array(chunkRows * rowBytes), filled = 0, rows = 0;
      const put = () => {
        const offset = [chunks.length * chunkRows, ...rowShape.map(() => 0)];
        chunks.push(putChunk(filling, offset, options, size));
        filling = new Uint8Array(chunkRows * rowBytes);
        filled = 0;
      };
      take(path, {
        finish() {
          if (filled > 0) put();
          return header(
            [rows, ...rowShape],
            options,
            chunkedLayout(putTree(chunks, sides, size), sides, size),
            true,
          );
        },
      });
      return {
        get rows() {
          return rows;
        },
        append(values) {
          if (!isOpen) throw new TypeError(`Cannot add rows to HDF5 "${path}" as the file is closed`);
          const fits = ownType(values) === dtype || (dtype === "f2" && values instanceof Float32Array) ||
            (dtype === "b1" && values instanceof Uint8Array);
          if (!fits) {
            throw new TypeError(
              `Cannot add a ${values.constructor.name} to HDF5 "${path}" as it is of type ${dtype}`,
            );
          }
          if (values.length % width !== 0) {
            throw new RangeError(
              `Cannot add ${values.length} values to HDF5 "${path}" as a row of [${rowShape}] has ${width}`,
            );
          }
          const bytes = valueBytes(values, dtype);
          for (let done = 0; done < bytes.length;) {
            const part = bytes.subarray(done, done + filling.length - filled);
            filling.set(part, filled);
            filled += part.length;
            done += part.length;
            if (filled === filling.length) put();
          }
          rows += values.length / width;
        },
      };
    },
    close() {
      if (!isOpen) return;
      const top = group(root, attributes);
      isOpen = false;
      const head = joinParts([
        u8(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a),
        u8(2, 8, 8, 0),
        u64(0),
        NOWHERE,
        u64(end),
        u64(top),
      ]);
      sink.put(joinParts([head, u32(lookup3(head))]), 0);
      // The file reaches to where it says it ends, padding included.
      if (isPadded) sink.put(new Uint8Array(1), end - 1);
      sink.finish();
    },
    abort() {
      if (!isOpen) return;
      isOpen = false;
      sink.abort();
    },
  };
}

/** A text of any length, UTF-8, as h5py writes and reads `str`: a sequence of characters in a heap. */
const TEXT: Part = [u8(0x19, 1, 1, 0), u32(16), [u8(0x10, 0, 0, 0), u32(1), u16(0), u16(8)]];

/** The filters of a dataset in order, or undefined if there are none. */
function filterMessage({ shuffle, compression, level = 4 }: Hdf5Packing, size: number): Part | undefined {
  const steps: Part[] = [];
  if (shuffle) steps.push([u16(2), u16(0), u16(1), u32(size)]);
  if (compression === "gzip") steps.push([u16(1), u16(0), u16(1), u32(level)]);
  // Filters of no fixed number carry their name. The mark 1 says that a chunk may go without.
  if (compression === "lzf") {
    steps.push([
      u16(32000),
      u16(4),
      u16(1),
      u16(3),
      new TextEncoder().encode("lzf\0"),
      u32(4),
      u32(0x105),
      u32(0),
    ]);
  }
  return steps.length === 0 ? undefined : [u8(2, steps.length), steps];
}

/** The first value of every chunk, in row-major order. */
function* chunkPlaces(shape: readonly number[], sides: readonly number[]): Generator<number[]> {
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
function cutChunk(
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
