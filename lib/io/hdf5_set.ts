/** A dataset that lies in several HDF5 files. @module */
import type { ByteSource } from "./byte_source.ts";
import type { FileArray } from "./file_array.ts";
import { type Hdf5File, openHdf5, type OpenHdf5Options } from "./hdf5.ts";
import { joinArrays } from "./joined_array.ts";

/** Several files' datasets as one array. */
export interface Hdf5Set extends FileArray, Disposable {
  /** The files, in their order, with the rows of each. */
  readonly files: readonly { name: string; rows: number }[];
  /** Lets go of all files. */
  close(): void;
}

/**
 * Opens one dataset of several files as one array along its first axis; nothing is read yet.
 *
 * Memory: as {@linkcode openHdf5} for each file; `chunkCacheBytes` is shared out among them.
 *
 * @param path The dataset's path, the same in each file.
 * @throws {TypeError} If the files' rows are not alike, or no plain numbers.
 * @throws {RangeError} If a file has no such dataset.
 * @throws {SyntaxError} If a file is damaged.
 */
export async function openHdf5Set(
  places: readonly (Uint8Array | string | URL | ByteSource)[],
  path: string,
  options: OpenHdf5Options = {},
): Promise<Hdf5Set> {
  const { chunkCacheBytes = 1 << 26 } = options, files: Hdf5File[] = [];
  const close = () => files.forEach((file) => file.close());
  try {
    const arrays: FileArray[] = [];
    for (const place of places) {
      const file = await openHdf5(place, { ...options, chunkCacheBytes: chunkCacheBytes / places.length });
      files.push(file);
      const { shape, dtype } = await file.info(path);
      if (!dtype) throw new TypeError(`Cannot join "${path}" of "${file.name}" as it holds no plain numbers`);
      arrays.push({
        name: `${file.name}/${path}`,
        shape,
        dtype,
        isPicture: false,
        read: (rows) => file.read(path, { rows }),
      });
    }
    const joined = joinArrays(arrays, path);
    const sizes = arrays.map(({ shape }, i) => ({ name: files[i].name, rows: shape[0] }));
    return { ...joined, files: sizes, close, [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}
