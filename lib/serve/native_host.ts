/** A host for a machine with cores to spare: ONNX Runtime in worker threads, files of strangers in threads of their own. @module */
import { spawnUnit } from "../score/compute_pool.ts";
import { createPicturePool } from "../score/picture_pool.ts";
import type { ExampleLimits } from "../score/examples.ts";
import { createHost, type Host, type HostOptions } from "./host.ts";
import { tellTo } from "./tell.ts";

/** What {@linkcode createNativeHost} needs beside what every host does. */
export interface NativeHostOptions extends Omit<HostOptions, "units" | "decoder"> {
  /** Compute workers. @default {navigator.hardwareConcurrency} */
  workers?: number;
  /** Threads of one operation in ONNX Runtime. @default {1} */
  threads?: number;
  /** Limits of what is opened. */
  files?: ExampleLimits;
  /** Longest that opening one file may take. @default {10_000} */
  decodeTimeoutMs?: number;
}

/** Puts a server together that uses all cores. */
export function createNativeHost(options: NativeHostOptions): Host {
  const { workers = navigator.hardwareConcurrency, threads = 1, files = {}, decodeTimeoutMs, log } = options;
  const { maxPixels } = files, tell = tellTo(log);
  const onLost = (reason: string) => tell("error", "worker lost", { reason });
  return createHost({
    ...options,
    units: Array.from({ length: workers }, () => spawnUnit({ threads, maxPixels, onLost })),
    decoder: createPicturePool({ ...files, threads: workers, timeoutMs: decodeTimeoutMs }),
    memoryBytes: () => Deno.memoryUsage().rss,
  });
}
