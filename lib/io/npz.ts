/**
 * .npz, NumPy's archive: a zip of .npy files.
 *
 * Memory: the values of the arrays that are wanted, together at most `maxBytes`, and as much again of what they are read
 * from, until it is collected.
 *
 * Source: numpy.savez, numpy.savez_compressed. @module
 */
import { decodeNpy, encodeNpy, type NpyArray, type NpyType, type NpyValues } from "./npy.ts";
import { encodeZip, isHiddenEntry, listZip, readZipEntry, zipBytes } from "./zip.ts";

/** Options for {@linkcode decodeNpz}. */
export interface DecodeNpzOptions {
  /** File name for error messages. */
  name?: string;
  /** Most bytes of all arrays together. @default {1_073_741_824} */
  maxBytes?: number;
  /** Names of the arrays that are wanted; the others are not unpacked. @default {all} */
  only?: readonly string[];
}

/**
 * Decodes a .npz archive.
 *
 * @returns Array by name, without the ".npy" that each has in the archive.
 * @throws {SyntaxError} If the archive or an array in it is damaged or unsafe.
 * @throws {TypeError} If an array holds Python objects or another type that is not read.
 * @throws {RangeError} If the arrays exceed `maxBytes`, or one of `only` is not there.
 * @example
 * ```ts
 * decodeNpz(encodeNpz({ x: { data: Uint8Array.of(1, 2), shape: [2] } })).get("x")?.data; // 1, 2
 * ```
 */
export function decodeNpz(bytes: Uint8Array, options: DecodeNpzOptions = {}): Map<string, NpyArray> {
  const { name, maxBytes = 2 ** 30, only } = options;
  const source = zipBytes(bytes, name);
  const entries = listZip(source, { maxEntryBytes: maxBytes, maxTotalBytes: maxBytes })
    .filter((entry) => !isHiddenEntry(entry.name));
  const arrays = new Map<string, NpyArray>();
  for (const entry of entries) {
    const key = entry.name.replace(/\.npy$/, "");
    if (only && !only.includes(key)) continue;
    arrays.set(
      key,
      decodeNpy(readZipEntry(source, entry), { name: `${name ?? "npz"}/${entry.name}`, maxBytes }),
    );
  }
  const missing = only?.find((key) => !arrays.has(key));
  if (missing !== undefined) {
    const known = entries.map((entry) => `"${entry.name.replace(/\.npy$/, "")}"`).join(", ");
    throw new RangeError(
      `Cannot read array "${missing}" of npz${name ? ` "${name}"` : ""}: no such array (it has ${known})`,
    );
  }
  return arrays;
}

/** Encodes arrays as .npz; `compress` deflates them as numpy.savez_compressed does. */
export function encodeNpz(
  arrays: Record<string, { data: NpyValues; shape: readonly number[]; dtype?: NpyType }>,
  options: { compress?: boolean } = {},
): Uint8Array {
  const level = options.compress ? 6 : 0;
  return encodeZip(
    Object.entries(arrays).map(([key, array]) => ({ name: `${key}.npy`, bytes: encodeNpy(array), level })),
  );
}
