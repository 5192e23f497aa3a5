/**
 * TensorFlow.js's wasm backend over memory that other threads can have.
 *
 * Its build without threads makes a memory of its own, not shared. That is one bit in the module: with it set, the same
 * code runs over shared memory, and our own threads can compute in it.
 * @module
 */
import { join } from "@std/path";
import manifest from "@tensorflow/tfjs-backend-wasm/package.json" with { type: "json" };
import { packageFolder } from "../../base/npm_package.ts";

/** What is needed of the package. */
export interface StockPackage {
  /** Names the files to load instead of the package's own. */
  setWasmPaths(files: Record<string, string>, usePlatformFetch: boolean): void;
}

const BUILD = "tfjs-backend-wasm-simd.wasm";
const NAMES = ["tfjs-backend-wasm.wasm", BUILD, "tfjs-backend-wasm-threaded-simd.wasm"];
const PREAMBLE = 8, MEMORY_SECTION = 5, HAS_MOST = 1, IS_SHARED = 2;

/**
 * A module whose one memory is shared.
 *
 * Source: WebAssembly core specification (binary format, memory section) and its threads proposal (limits).
 *
 * @param module The bytes of a module that makes one memory and says how large it may become; not changed.
 * @throws {TypeError} If it does not make one such memory.
 * @example
 * ```ts
 * import { sharingMemory } from "./wasm_shared.ts";
 * // A memory of no page, two at most: its flags, 1, become 3.
 * const preamble = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
 * sharingMemory(Uint8Array.of(...preamble, 5, 4, 1, 1, 0, 2)).at(11); // 3
 * ```
 */
export function sharingMemory(module: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(module);
  let at = PREAMBLE;
  /** A number in as many bytes as it takes, seven bits each. */
  const readNumber = () => {
    let value = 0;
    for (let shift = 0;; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (!(byte & 0x80)) return value;
    }
  };
  while (at < bytes.length) {
    const section = bytes[at++], length = readNumber(), start = at;
    if (section === MEMORY_SECTION) {
      const memories = readNumber();
      if (memories !== 1 || bytes[at] !== HAS_MOST) break;
      bytes[at] |= IS_SHARED;
      return bytes;
    }
    at = start + length;
  }
  throw new TypeError(
    "Cannot share the memory of a wasm module as it must make one with a limit: found none",
  );
}

/**
 * The module of the package's build that has SIMD and no threads.
 *
 * @throws {Deno.errors.NotFound} If the package's files are not on this machine's disk.
 */
export async function readStockModule(): Promise<Uint8Array<ArrayBuffer>> {
  return await Deno.readFile(join(packageFolder(manifest), "dist", BUILD));
}

/**
 * Lets the package load its module with shared memory; to be called before its backend starts.
 *
 * Where the package's files are not to be had, or such a memory is not, it loads what it always does, and there will be
 * one thread.
 */
export async function shareStockMemory({ setWasmPaths }: StockPackage): Promise<void> {
  let module: Uint8Array<ArrayBuffer>;
  try {
    module = sharingMemory(await readStockModule());
    new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true }); // as much as the module's own reserves
  } catch {
    return;
  }
  if (!WebAssembly.validate(module)) return;
  const url = URL.createObjectURL(new Blob([module], { type: "application/wasm" }));
  setWasmPaths(Object.fromEntries(NAMES.map((name) => [name, url])), true);
}
