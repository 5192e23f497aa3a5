import { checkFletcher32, fletcher32 } from "../../../lib/io/_hdf5_filters.ts";
import { assertEquals, assertThrows } from "../../assert.ts";

/** Content with a sum behind it. */
function chunkOf(content: Uint8Array, sum: number): Uint8Array {
  const chunk = new Uint8Array(content.length + 4);
  chunk.set(content);
  new DataView(chunk.buffer).setUint32(content.length, sum, true);
  return chunk;
}

/** The bytes of each half the other way round, as the library had them before 1.6.3. */
function turned(sum: number): number {
  const [a, b, c, d] = new Uint8Array(Uint32Array.of(sum).buffer);
  return new Uint32Array(Uint8Array.of(b, a, d, c).buffer)[0];
}

Deno.test("checkFletcher32() takes the sum as every version of the library wrote it, whichever bits it has, and no other", () => {
  for (let i = 0; i < 64; i++) {
    const content = Uint8Array.from({ length: 5 + i }, (_, k) => (k * 73 + i * 41) % 256),
      sum = fletcher32(content);
    assertEquals(checkFletcher32(chunkOf(content, sum)), content);
    assertEquals(checkFletcher32(chunkOf(content, turned(sum))), content, `turned sum ${sum}`);
    for (const wrong of [sum ^ 1, sum ^ 0x80000000, turned(sum) ^ 0x100]) {
      assertThrows(() => checkFletcher32(chunkOf(content, wrong >>> 0)), SyntaxError, "its checksum differs");
    }
  }
  assertEquals(checkFletcher32(chunkOf(new Uint8Array(0), 0)).length, 0);
  assertThrows(() => checkFletcher32(new Uint8Array(3)), SyntaxError, "too short");
});
