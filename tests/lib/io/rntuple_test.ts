import { memorySource } from "../../../lib/io/byte_source.ts";
import type { NtupleColumn } from "../../../lib/io/_rntuple_description.ts";
import { readElements } from "../../../lib/io/_rntuple_pages.ts";
import { findBranch } from "../../../lib/io/_root_tree_type.ts";
import { assertEquals, assertRejects, assertThrows } from "../../assert.ts";

/** A column of one plain page. */
function read(
  bytes: number[],
  elements: number,
  column: Partial<NtupleColumn> & Pick<NtupleColumn, "type" | "bits">,
) {
  const pages = [{ offset: 0, bytes: bytes.length, elements, hasChecksum: false }];
  const whole = { field: 0, representation: 0, isDeferred: false, ...column };
  return readElements(memorySource(Uint8Array.from(bytes)), whole, pages, {
    first: 0,
    end: elements,
    missing: 0,
  });
}

// By hand, from the specification's section "Column types and Encodings".
Deno.test("pages of split columns have first bytes of all values first", async () => {
  assertEquals(
    await read([0x34, 0x78, 0x12, 0x56], 2, { type: 0x12, bits: 16 }),
    Uint16Array.of(0x1234, 0x5678),
  );
  const doubles = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0x00, 0x3f, 0xc0]; // 3FF0… and C000…
  assertEquals(await read(doubles, 2, { type: 0x19, bits: 64 }), Float64Array.of(1, -2));
  assertEquals(await read([0x00, 0x00, 0x3c, 0xc0], 2, { type: 0x17, bits: 16 }), Float32Array.of(1, -2));
});

Deno.test("pages of split signed numbers count 0, -1, 1, -2, …", async () => {
  assertEquals(
    await read([0, 1, 2, 3, 0, 0, 0, 0], 4, { type: 0x11, bits: 16 }),
    Int16Array.of(0, -1, 1, -2),
  );
  const words = [0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]; // FFFFFFFF and FFFFFFFE
  assertEquals(await read(words, 2, { type: 0x13, bits: 32 }), Int32Array.of(-(2 ** 31), 2 ** 31 - 1));
  const long = Array.from({ length: 16 }, (_, i) => i === 0 ? 0xff : i === 1 ? 0xfe : 0xff);
  assertEquals(await read(long, 2, { type: 0x15, bits: 64 }), BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n));
});

Deno.test("pages of offsets hold where lists end, or how much further each ends", async () => {
  assertEquals(await read([2, 0, 0, 0, 5, 1, 0, 0], 2, { type: 0x0e, bits: 32 }), Uint32Array.of(2, 261));
  const apart = [2, 0, 255, 0, 0, 1, 0, 0, 0, 0, 0, 0]; // 2, 0 and 511 more, split
  assertEquals(await read(apart, 3, { type: 0x1a, bits: 32 }), Uint32Array.of(2, 2, 513));
  const wide = [1, 3, ...Array(14).fill(0)];
  assertEquals(await read(wide, 2, { type: 0x1b, bits: 64 }), Uint32Array.of(1, 4));
  const beyond = [0, 0, 0, 0, 1, 0, 0, 0];
  await assertRejects(() => read(beyond, 1, { type: 0x0f, bits: 64 }), SyntaxError, "beyond 2³² values");
});

Deno.test("pages of bits, and of floats of fewer bits, begin with the lowest bit", async () => {
  assertEquals(
    await read([0b1000_0001, 0b10], 10, { type: 0, bits: 1 }),
    Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 1, 0, 1),
  );
  // 1 is 3F80…, -2 C000…: their highest twelve bits, 3F8 and C00, one after the other.
  assertEquals(await read([0xf8, 0x03, 0xc0], 2, { type: 0x1c, bits: 12 }), Float32Array.of(1, -2));
  const steps = await read([0x30], 2, { type: 0x1d, bits: 4, range: [-1, 2] }); // 0 and 3 of 15 steps of .2
  assertEquals(steps, Float32Array.of(-1, Math.fround(-0.4)));
});

Deno.test("readElements() takes what is asked for out of several pages, with zeros before a younger column", async () => {
  const source = memorySource(Uint8Array.of(1, 2, 3, 99, 4, 5));
  const pages = [[0, 3], [4, 2]].map(([offset, bytes]) => ({
    offset,
    bytes,
    elements: bytes,
    hasChecksum: false,
  }));
  const column = { type: 0x04, bits: 8, field: 0, representation: 0, isDeferred: true };
  const part = (first: number, end: number, missing = 0) =>
    readElements(source, column, pages, { first, end, missing });
  assertEquals(await part(0, 5), Uint8Array.of(1, 2, 3, 4, 5));
  assertEquals(await part(2, 4), Uint8Array.of(3, 4));
  assertEquals(await part(1, 4, 2), Uint8Array.of(0, 1, 2));
  assertEquals(await part(3, 3), new Uint8Array(0));
  await assertRejects(() => part(4, 6), SyntaxError, "value 5 of its cluster is in no page");
});

Deno.test("readElements() compares a page with its checksum", async () => {
  const bytes = new Uint8Array(11),
    column = { type: 0x04, bits: 8, field: 0, representation: 0, isDeferred: false };
  bytes.set([1, 2, 3]);
  new DataView(bytes.buffer).setBigUint64(3, 16991689376074199867n, true); // xxh3_64_intdigest(bytes([1, 2, 3]))
  const pages = [{ offset: 0, bytes: 3, elements: 3, hasChecksum: true }];
  const read = () => readElements(memorySource(bytes), column, pages, { first: 0, end: 3, missing: 0 });
  assertEquals(await read(), Uint8Array.of(1, 2, 3));
  bytes[1] = 0;
  await assertRejects(read, SyntaxError, "the page at byte 0 is damaged");
});

Deno.test("findBranch() takes the last part of a path by what separates its parts, a point within a tree's name being none", () => {
  const branches = [{ name: "Muon.pt" }, { name: "hits/x" }];
  assertEquals(findBranch(branches, "pt", ".", "Cannot read").name, "Muon.pt");
  assertEquals(findBranch(branches, "x", "/", "Cannot read").name, "hits/x");
  assertThrows(
    () => findBranch(branches, "pt", "/", "Cannot read"),
    RangeError,
    'branch "pt": no such branch',
  );
});
