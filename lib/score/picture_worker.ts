/** Opens files of strangers in a thread that may be killed: it has its own heap and holds nothing that matters. @module */
import { parentPort } from "node:worker_threads";
import { type ExampleOptions, findExamples, type Found } from "./examples.ts";
import type { RawArray, RawValues } from "./raw_array.ts";

/** A file in shared memory, because posting a copy to a thread of this kind takes as long as decoding it. */
export interface PictureRequest {
  id: number;
  bytes: SharedArrayBuffer;
  options: ExampleOptions;
}

/** The pictures, in shared memory as well, or the error's class and message; first of all, that the thread is ready. */
export type PictureReply =
  & { id: number }
  & (
    | { ready: true }
    | { found: Found[] }
    | { error: { name: string; message: string } }
  );

function share<T extends RawValues>(data: T): T {
  const copy = new (data.constructor as new (buffer: SharedArrayBuffer) => T)(
    new SharedArrayBuffer(data.byteLength),
  );
  copy.set(data);
  return copy;
}

function shared(found: Found): Found {
  if ("png" in found) return { ...found, png: share(found.png) };
  if ("fault" in found) return found;
  const arrays = Object.entries(found.arrays).map(([name, array]): [string, RawArray] => [
    name,
    { ...array, data: share(array.data) },
  ]);
  return { ...found, arrays: Object.fromEntries(arrays) };
}

parentPort?.on("message", async ({ id, bytes, options }: PictureRequest) => {
  let reply: PictureReply;
  try {
    // Decoders expect memory that nobody else writes to.
    const found = await findExamples(new Uint8Array(bytes).slice(), options);
    reply = { id, found: found.map(shared) };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : { name: "Error", message: String(error) };
    reply = { id, error: { name, message } };
  }
  parentPort?.postMessage(reply);
});

parentPort?.postMessage({ id: -1, ready: true } satisfies PictureReply);
