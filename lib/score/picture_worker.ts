/** Opens files of strangers in a thread that may be killed: it has its own heap and holds nothing that matters. @module */
import { blamesInput } from "../base/foreseen.ts";
import { answerTasks } from "../base/worker_task.ts";
import { type ExampleOptions, findExamples, type Found } from "./examples.ts";
import type { RawArray, RawValues } from "./raw_array.ts";

/** A file, handed over: shared memory would not count as held by anybody, and be freed late. */
export interface PictureRequest {
  bytes: Uint8Array;
  options: ExampleOptions;
}

/** Values in a buffer of their own, which is handed over. */
function apart<T extends RawValues>(data: T, buffers: Set<ArrayBuffer>): T {
  const isWhole = data.byteLength === data.buffer.byteLength && data.buffer instanceof ArrayBuffer;
  const own = isWhole && !buffers.has(data.buffer as ArrayBuffer) ? data : data.slice() as T;
  buffers.add(own.buffer as ArrayBuffer);
  return own;
}

function handedOver(found: Found, buffers: Set<ArrayBuffer>): Found {
  if ("png" in found) return { ...found, png: apart(found.png, buffers) };
  if ("fault" in found) return found;
  const arrays = Object.entries(found.arrays).map(([name, array]): [string, RawArray] => [
    name,
    { ...array, data: apart(array.data, buffers) },
  ]);
  return { ...found, arrays: Object.fromEntries(arrays) };
}

/** An error as one of the classes that tell what is wrong with a file. */
function ofFile(error: unknown): Error {
  return blamesInput(error) ? error : new SyntaxError(error instanceof Error ? error.message : String(error));
}

answerTasks<PictureRequest, Found[]>(async ({ bytes, options }) => {
  const found = await findExamples(bytes, options).catch((error) => Promise.reject(ofFile(error)));
  const buffers = new Set<ArrayBuffer>();
  return { result: found.map((one) => handedOver(one, buffers)), transfer: [...buffers] };
});
