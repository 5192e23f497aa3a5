/** A thread that reads and unpacks chunks of a local file: told its path once, then one chunk at a time. @module */
import { answerTasks } from "../base/worker_task.ts";
import { type ByteSource, fileSource } from "./byte_source.ts";
import type { DecodeOrder } from "./_hdf5_decoder.ts";
import { undoFilters } from "./_hdf5_filters.ts";

let source: ByteSource | undefined;

answerTasks<DecodeOrder, Uint8Array, { path: string }>((order, { path }) => {
  const { at, packed, mask, bytes, size, filters } = order, result = new Uint8Array(bytes);
  source ??= fileSource(path);
  undoFilters(source.readSync!(at, packed), filters, mask, result, size);
  return { result, transfer: [result.buffer] };
});
