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

const RTLD_LAZY = 1, O_WRONLY = 1, STDERR = 2;
/** Of Linux; elsewhere the number means something else. */
const RTLD_DEEPBIND = 8;

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

/**
 * Loads a library, or takes one more reference to it, so that closing ours does not unload it.
 *
 * It finds its own symbols before those of libraries that others have made known to all: a graphics driver that compiles its
 * shaders brings another LLVM than TensorFlow's.
 */
export function pinLibrary(path: string): void {
  c()?.dlopen(cText(path), Deno.build.os === "linux" ? RTLD_LAZY | RTLD_DEEPBIND : RTLD_LAZY);
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
