/**
 * The two services of the C library that Deno's FFI lacks: a shared library that is never unloaded, and a quiet load.
 *
 * Deno closes every library as the process ends, and TensorFlow crashes when unloaded while its threads run.
 * @module
 */

const SYMBOLS = {
  dlopen: { parameters: ["buffer", "i32"], result: "pointer" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  dup: { parameters: ["i32"], result: "i32" },
  dup2: { parameters: ["i32", "i32"], result: "i32" },
} as const;

const NAMES: Partial<Record<typeof Deno.build.os, string>> = {
  linux: "libc.so.6",
  darwin: "/usr/lib/libSystem.B.dylib",
};

const RTLD_NOW = 2, O_WRONLY = 1, STDERR = 2;

type C = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
let symbols: C | undefined;

/** The C library, or undefined where there is none that we know (Windows, musl). */
function c(): C | undefined {
  const name = NAMES[Deno.build.os];
  try {
    if (name) symbols ??= Deno.dlopen(name, SYMBOLS).symbols;
  } catch {
    // both services are a courtesy
  }
  return symbols;
}

const cText = (text: string) => new TextEncoder().encode(text + "\0");

/** Takes one more reference to an already opened library, so that closing ours does not unload it. */
export function pinLibrary(path: string): void {
  c()?.dlopen(cText(path), RTLD_NOW);
}

/**
 * Runs `fn` while nothing reaches standard error: TensorFlow's loader greets there, before its log level counts.
 *
 * Failures still come back as errors. Keep `fn` short: what other threads write meanwhile is lost too.
 */
export function quietly<T>(fn: () => T): T {
  const libc = c();
  const hole = libc?.open(cText("/dev/null"), O_WRONLY) ?? -1;
  const saved = hole < 0 ? -1 : libc!.dup(STDERR);
  if (saved < 0) return fn();
  libc!.dup2(hole, STDERR);
  try {
    return fn();
  } finally {
    libc!.dup2(saved, STDERR);
    libc!.close(saved);
    libc!.close(hole);
  }
}
