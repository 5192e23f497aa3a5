/** Arrays of several files as one, along their first axis. @module */
import type { FileArray } from "./file_array.ts";
import type { NpyValues } from "./npy_type.ts";

/**
 * Joins arrays along their first axis, as `numpy.concatenate` would, without reading them.
 *
 * @param arrays One or more; their rows have the same shape and type, their numbers of rows may differ.
 * @param name What messages call the whole.
 * @throws {TypeError} If shapes or types differ, or there are no arrays.
 * @example
 * ```ts
 * import { openFile } from "./formats.ts";
 * import { encodeNpy } from "./npy.ts";
 * const open = async (...values: number[]) =>
 *   (await openFile(encodeNpy({ data: Uint8Array.from(values), shape: [values.length] }))).arrays[0];
 * const both = joinArrays([await open(1, 2), await open(3, 4, 5)], "both");
 * (await both.read([1, 4])).data; // 2, 3, 4
 * ```
 */
export function joinArrays(arrays: readonly FileArray[], name: string): FileArray {
  const [first] = arrays;
  if (!first) throw new TypeError(`Cannot join arrays as "${name}": there are none`);
  const rowShape = first.shape.slice(1);
  for (const other of arrays) {
    const isSame = other.dtype === first.dtype && other.shape.length > 0 &&
      String(other.shape.slice(1)) === String(rowShape);
    if (isSame) continue;
    throw new TypeError(
      `Cannot join arrays as "${name}" as their rows must be alike: "${first.name}" has ${first.dtype} ` +
        `[${first.shape}], "${other.name}" has ${other.dtype} [${other.shape}]`,
    );
  }
  const starts = [0];
  for (const { shape } of arrays) starts.push(starts[starts.length - 1] + shape[0]);
  const total = starts[arrays.length];

  async function read(rows: readonly [first: number, end: number] = [0, total]) {
    const [from, end] = rows;
    if (!(Number.isInteger(from) && Number.isInteger(end) && 0 <= from && from <= end && end <= total)) {
      throw new RangeError(`Cannot read rows ${from} to ${end} of "${name}": it has ${total}`);
    }
    const wanted = arrays.flatMap((array, i) => {
      const start = Math.max(from, starts[i]), stop = Math.min(end, starts[i + 1]);
      return start < stop ? [{ array, rows: [start - starts[i], stop - starts[i]] as const }] : [];
    });
    if (wanted.length === 0) return await first.read([0, 0]);
    const parts = await Promise.all(wanted.map(({ array, rows }) => array.read(rows)));
    if (parts.length === 1) return parts[0];
    const count = parts.reduce((sum, { data }) => sum + data.length, 0);
    const data = new (parts[0].data.constructor as new (length: number) => NpyValues)(count);
    let at = 0;
    for (const part of parts) {
      (data as Float32Array).set(part.data as Float32Array, at);
      at += part.data.length;
    }
    return { data, shape: [end - from, ...rowShape] };
  }

  return { name, shape: [total, ...rowShape], dtype: first.dtype, isPicture: false, read };
}
