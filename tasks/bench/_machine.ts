/** Facts about the machine that a number needs beside it. @module */
import { processorName } from "../../lib/engine/processor.ts";
import { type Peaks, readProgram } from "./_bench.ts";

/** Measures {@linkcode Peaks} in a process of its own. */
export async function measurePeaks(): Promise<Peaks> {
  try {
    const script = new URL("_peak.ts", import.meta.url).pathname;
    return JSON.parse(await readProgram(Deno.execPath(), ["run", "-A", script]));
  } catch {
    return {}; // no TensorFlow: shares of the peak are left out
  }
}

/** The machine by fields. */
export function describeMachine({ float32, mixed }: Peaks): Record<string, string | number> {
  return {
    processor: processorName(),
    ...(float32 !== undefined && { "GFLOP/s, float32": Math.round(float32) }),
    ...(mixed !== undefined && { "GFLOP/s, bfloat16": Math.round(mixed) }),
    memoryGiB: Math.round(Deno.systemMemoryInfo().total / 2 ** 30),
    deno: Deno.version.deno,
    os: `${Deno.build.os} ${Deno.osRelease()}`,
    load: Number(Deno.loadavg()[0].toFixed(2)),
    date: new Date().toISOString(),
  };
}
