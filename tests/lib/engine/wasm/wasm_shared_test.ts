import { readStockModule, sharingMemory } from "../../../../lib/engine/wasm/wasm_shared.ts";
import { assert, assertEquals, assertThrows } from "../../../assert.ts";

const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
/** A section of another kind, which has to be stepped over: one type, of a function without parameters and results. */
const TYPES = [1, 4, 1, 0x60, 0, 0];
/** One memory of 1 to 2 pages, exported as "m". */
const MEMORY = [5, 4, 1, 1, 1, 2], EXPORT = [7, 5, 1, 1, 0x6d, 2, 0];

Deno.test("sharingMemory() makes a module's memory shared and changes nothing else", () => {
  const module = Uint8Array.of(...PREAMBLE, ...TYPES, ...MEMORY, ...EXPORT), before = module.slice();
  const changed = sharingMemory(module);
  assertEquals([...changed], [...PREAMBLE, ...TYPES, 5, 4, 1, 3, 1, 2, ...EXPORT]);
  assertEquals(module, before);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(changed));
  assert((exports.m as WebAssembly.Memory).buffer instanceof SharedArrayBuffer);
});

Deno.test("sharingMemory() refuses a module without a memory of its own, or one without a limit", () => {
  for (const sections of [[], TYPES, [5, 3, 1, 0, 1], [5, 5, 2, 0, 1, 0, 1]]) {
    assertThrows(
      () => sharingMemory(Uint8Array.of(...PREAMBLE, ...sections)),
      TypeError,
      "Cannot share the memory of a wasm module",
    );
  }
});

Deno.test("sharingMemory() takes the module of TensorFlow.js's wasm backend", async () => {
  const module = await readStockModule(), changed = sharingMemory(module);
  assert(WebAssembly.validate(changed));
  assertEquals(changed.filter((byte, i) => byte !== module[i]).length, 1);
});
