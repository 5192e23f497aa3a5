/** What processes hold, as Linux says it. @module */

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

/** The most that a process has ever held, MiB; undefined where the system does not say, or it has ended. */
export function peakMebibytes(process: number): number | undefined {
  try {
    return processMebibytes("VmHWM", process);
  } catch {
    return undefined;
  }
}

/** Has what this process has held so far forgotten, so that its most is told of what comes; nothing happens off Linux. */
export function forgetPeak(): void {
  try {
    Deno.writeTextFileSync("/proc/self/clear_refs", "5");
  } catch {
    // the most of all its life is what is told then
  }
}

/** A process and all that it has started. */
function familyOf(process: number): number[] {
  try {
    const children = Deno.readTextFileSync(`/proc/${process}/task/${process}/children`).trim();
    return [
      process,
      ...children.split(" ").filter((word) => word !== "").flatMap((word) => familyOf(Number(word))),
    ];
  } catch {
    return []; // it has ended, or the system does not say
  }
}

/** Milliseconds between two looks. */
const EVERY_MS = 50;

/**
 * Watches a program and what it starts.
 *
 * @returns Ends the watch, and gives the most that they held at one time, MiB: the sum of each one's own most, as far as it was
 * seen; 0 where the system does not say.
 */
export function watchMemory(process: number): () => number {
  let most = 0;
  const look = () => {
    const held = familyOf(process).reduce((sum, each) => sum + (peakMebibytes(each) ?? 0), 0);
    most = Math.max(most, held);
  };
  look();
  const timer = setInterval(look, EVERY_MS);
  return () => {
    clearInterval(timer);
    return most;
  };
}
