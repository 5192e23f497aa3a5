/**
 * The front door of notebooks: all of `mod.ts`, and JupyterLab's Stop button, which without this import ends Deno's kernel.
 *
 * With it the button ends training, prediction, simulation or search with an error in its cell, so that "Run All" goes no
 * further; the kernel and all variables stay, and a model keeps what it has learned. A loop of one's own that calls nothing
 * of this library is not ended. Source: denoland/deno#24491, "Deno kernel doesn't handle interrupts".
 *
 * It also has V8 give memory back where it grew: V8 lets a kernel that runs the same notebook again grow by all that the
 * notebook holds, pass after pass, as the machine still has room. @module
 */
import v8 from "node:v8";
import vm from "node:vm";
import { connectStopButton } from "./base/stop_button.ts";

export * from "./mod.ts";

/** How much more memory is a reason to look for what nobody uses any more, and how often to ask. */
const GROWN_BYTES = 64 * 2 ** 20, ASK_MS = 5000;

function giveMemoryBack(): void {
  v8.setFlagsFromString("--expose-gc");
  const collect: () => void = vm.runInNewContext("gc");
  const used = () => {
    const { heapUsed, external } = Deno.memoryUsage();
    return heapUsed + external;
  };
  let kept = used();
  const timer = setInterval(() => {
    if (used() - kept < GROWN_BYTES) return;
    collect();
    kept = used();
  }, ASK_MS);
  Deno.unrefTimer(timer);
}

function isKernel(): boolean {
  try {
    return Deno.jupyter !== undefined;
  } catch {
    return false; // which is how Deno says that it is none
  }
}

// Elsewhere SIGINT ends the program, as people expect.
if (isKernel()) {
  Deno.addSignalListener("SIGINT", connectStopButton());
  giveMemoryBack();
}
