/** Opens files of strangers in a thread that may be killed: it has its own heap and holds nothing that matters. @module */
import { parentPort } from "node:worker_threads";
import { type ExampleOptions, findExamples, type Found } from "./examples.ts";
import type { RawArray, RawValues } from "./raw_array.ts";

/** A file, handed over: shared memory would not count as held by anybody, and be freed late. */
export interface PictureRequest {
  id: number;
  bytes: Uint8Array;
  options: ExampleOptions;
}

/** The pictures, handed over as well, or the error's class and message; first of all, that the thread is ready. */
export type PictureReply =
  & { id: number }
  & (
    | { ready: true }
    | { found: Found[] }
    | { error: { name: string; message: string } }
  );

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

parentPort?.on("message", async ({ id, bytes, options }: PictureRequest) => {
  let reply: PictureReply;
  const buffers = new Set<ArrayBuffer>();
  try {
    const found = await findExamples(bytes, options);
    reply = { id, found: found.map((one) => handedOver(one, buffers)) };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
    reply = { id, error: { name, message } };
  }
  parentPort?.postMessage(reply, [...buffers]);
});

parentPort?.postMessage({ id: -1, ready: true } satisfies PictureReply);
