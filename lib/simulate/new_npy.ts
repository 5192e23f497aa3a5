/** NumPy arrays that are written a block at a time and must not exist yet. @module */
import { dirname } from "@std/path";
import { writeAll } from "../base/write_all.ts";
import { encodeNpy } from "../io/npy.ts";
import { refuseExisting } from "./new_file.ts";

/**
 * Writes an array of 32-bit floats row after row; the file appears whole, or not at all if `rows` fails. Folders on the way are made.
 *
 * @param shape The whole array's; `rows` must give as many values.
 * @param rows Blocks of values, in order.
 * @throws {RangeError} If there are more or fewer values than `shape` says.
 * @throws {Deno.errors.AlreadyExists} If there is a file of that name.
 */
export async function writeNewNpy(
  path: string,
  shape: readonly number[],
  rows: AsyncIterable<Float32Array>,
): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${crypto.randomUUID()}.partial`;
  try {
    const file = await Deno.open(partial, { write: true, createNew: true });
    let left = shape.reduce((a, b) => a * b, 1);
    try {
      await writeAll(file, headerOf(shape));
      for await (const values of rows) {
        left -= values.length;
        if (left < 0) break;
        await writeAll(file, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
      }
    } finally {
      file.close();
    }
    if (left !== 0) {
      throw new RangeError(`Cannot write "${path}" as shape [${shape}] and its values differ by ${left}`);
    }
    await refuseExisting([path], "write the array");
    await Deno.link(partial, path);
  } finally {
    await Deno.remove(partial).catch(() => {});
  }
}

/** The start of a file of this shape: that of an empty one, with the first side put right. */
function headerOf(shape: readonly number[]): Uint8Array {
  const empty = encodeNpy({ data: new Float32Array(0), shape: [0, ...shape.slice(1)] });
  const before = new TextDecoder().decode(empty.subarray(10)); // behind the magic number, the version and the length
  const wanted = before.replace("(0,", `(${shape[0]},`), surplus = wanted.length - before.length;
  // The header is padded with blanks before its last newline; the longer number takes some of them.
  const blanks = wanted.slice(wanted.length - 1 - surplus, -1);
  if (blanks.trim() !== "") {
    throw new RangeError(`Cannot write an array of shape [${shape}] as its header has no room`);
  }
  const header = empty.slice();
  header.set(new TextEncoder().encode(wanted.slice(0, wanted.length - 1 - surplus) + "\n"), 10);
  return header;
}
