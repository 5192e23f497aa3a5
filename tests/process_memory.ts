/** What a process holds, as Linux says it. @module */

/**
 * Memory of a process in MiB.
 *
 * @param what "VmHWM" for the most that it has ever held, "VmRSS" for what it holds now.
 * @param process Its number. @default {this process}
 */
export function processMebibytes(what: "VmHWM" | "VmRSS", process: number | "self" = "self"): number {
  const status = Deno.readTextFileSync(`/proc/${process}/status`);
  return Number(new RegExp(`${what}:\\s+(\\d+)`).exec(status)![1]) / 1024;
}
