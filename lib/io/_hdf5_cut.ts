/**
 * What a file that ends too early lacks, for the message that refuses it: the library says only that it is cut off.
 *
 * Source: HDF5 File Format Specification 3.0, II.A (the superblock's end of file address). @module
 */
import type { ByteSource } from "./byte_source.ts";
import { readChunkIndex } from "./_hdf5_chunks.ts";
import { type DatasetHeader, Hdf5Bytes, readDatasetHeader } from "./_hdf5_header.ts";
import type { loadLibrary } from "./_hdf5_library.ts";
import { LibraryFile } from "./_hdf5_library_file.ts";

/** Datasets that are looked at, and that are named. */
const MOST_LOOKED_AT = 100, MOST_NAMED = 3;

/**
 * Says how many bytes are missing, and from which row on in which datasets, as far as what is left tells it.
 *
 * @param base Where the superblock is.
 * @returns Undefined if the file is as long as its superblock says.
 */
export async function describeCut(
  library: Awaited<ReturnType<typeof loadLibrary>>,
  source: ByteSource,
  base: number,
): Promise<string | undefined> {
  const end = await endOfFile(source, base);
  if (end === undefined || end <= source.size) return undefined;
  const bytes = `it has ${source.size} of ${end} bytes`;
  const missing = await missingRows(library, stretched(source, end), base, source.size).catch(() =>
    undefined
  );
  if (missing === undefined) return `${bytes}, and what says which datasets it has is not among them`;
  if (missing.length === 0) return bytes;
  const named = missing.slice(0, MOST_NAMED).map(({ path, row }) =>
    row === undefined ? `all of "${path}"` : `"${path}" from row ${row} on`
  );
  return `${bytes}; missing are ${named.join(", ")}${missing.length > MOST_NAMED ? ", …" : ""}`;
}

/** Where the superblock says that the file ends. */
async function endOfFile(source: ByteSource, base: number): Promise<number | undefined> {
  const view = new Hdf5Bytes(source, base), version = (await view.read(8, 1)).getUint8(0);
  const at = [40, 44, 28, 28][version]; // behind base address and free space, or base address and extension
  if (at === undefined || base + at + 8 > source.size) return undefined;
  const end = Number((await view.read(at, 8)).getBigUint64(0, true));
  return Number.isSafeInteger(end) ? end : undefined;
}

/** The same source as if it were longer: zeros follow. */
function stretched(source: ByteSource, size: number): ByteSource {
  const here = (offset: number, length: number) => Math.max(0, Math.min(length, source.size - offset));
  const padded = (bytes: Uint8Array | undefined, length: number) => {
    const out = new Uint8Array(length);
    if (bytes) out.set(bytes);
    return out;
  };
  const { readSync } = source;
  return {
    name: source.name,
    size,
    async read(offset, length) {
      const some = here(offset, length);
      return padded(some > 0 ? await source.read(offset, some) : undefined, length);
    },
    ...(readSync && {
      readSync(offset: number, length: number) {
        const some = here(offset, length);
        return padded(some > 0 ? readSync.call(source, offset, some) : undefined, length);
      },
    }),
  };
}

/** Something that is not there, or not from a row on. */
interface Missing {
  path: string;
  /** Undefined where what describes it is missing. */
  row: number | undefined;
}

/** What the datasets lack. @throws {SyntaxError} If what says which there are is missing. */
async function missingRows(
  library: Awaited<ReturnType<typeof loadLibrary>>,
  source: ByteSource,
  base: number,
  end: number,
): Promise<Missing[]> {
  const failed = "Cannot read HDF5", file = await LibraryFile.open(library, source, failed);
  try {
    const bytes = new Hdf5Bytes(source, base), lost: string[] = [], found: Missing[] = [];
    const paths = await file.datasets(true, lost);
    if (paths.length + lost.length === 0) throw new SyntaxError(`${failed}: nothing is left in it`);
    for (const path of paths.slice(0, MOST_LOOKED_AT)) {
      const rowOf = firstMissing(file, bytes, path, end).then((row) =>
        row === undefined ? [] : [{ path, row }]
      );
      found.push(...await rowOf.catch((): Missing[] => [{ path, row: undefined }]));
    }
    return [...found, ...lost.map((path) => ({ path, row: undefined }))];
  } finally {
    file.close();
  }
}

/** The first row that a dataset lacks, or undefined. @throws {SyntaxError | RangeError} If its description is damaged. */
async function firstMissing(
  file: LibraryFile,
  bytes: Hdf5Bytes,
  path: string,
  end: number,
): Promise<number | undefined> {
  const { metadata: { shape, size }, address } = await file.describe(path);
  const { layout } = await readDatasetHeader(bytes, address);
  return await firstRowBeyond(layout, { bytes, shape: [...(shape ?? [])].map(Number), size, end });
}

/** The first row of a dataset whose values go beyond byte `end` of the file. */
async function firstRowBeyond(
  layout: DatasetHeader["layout"],
  { bytes, shape, size, end }: { bytes: Hdf5Bytes; shape: readonly number[]; size: number; end: number },
): Promise<number | undefined> {
  const rows = shape[0] ?? 1;
  if (layout.kind === "contiguous" && layout.at !== undefined) {
    const rowBytes = shape.slice(1).reduce((a, b) => a * b, size);
    const whole = Math.max(0, Math.floor((end - bytes.base - layout.at) / rowBytes));
    return whole < rows ? whole : undefined;
  }
  if (layout.kind !== "chunked") return undefined;
  const index = await readChunkIndex(bytes, layout.at, shape, layout.sides, end);
  if (!index) return undefined;
  const cell = index.at.findIndex((at, i) =>
    index.size[i] === 0 ? index.isPartial === true : at + index.size[i] > end
  );
  const cellsOfRow = index.grid.slice(1).reduce((a, b) => a * b, 1);
  return cell < 0 ? undefined : Math.floor(cell / cellsOfRow) * index.sides[0];
}
