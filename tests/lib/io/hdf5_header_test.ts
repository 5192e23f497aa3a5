import { memorySource } from "../../../lib/io/byte_source.ts";
import { Hdf5Bytes, readDatasetHeader } from "../../../lib/io/_hdf5_header.ts";
import { assertEquals, assertRejects } from "../../assert.ts";

const NIL = 0;

/** A header of the later kind, its messages one after another, each of a length that it says. */
function headerOf(messages: readonly { type: number; says: number; length: number }[]): Hdf5Bytes {
  const size = messages.reduce((sum, { length }) => sum + 4 + length, 0);
  const bytes = new Uint8Array(10 + size), view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("OHDR"));
  bytes.set([2, 2], 4); // version; four bytes for the size
  view.setUint32(6, size, true);
  let at = 10;
  for (const { type, says, length } of messages) {
    view.setUint8(at, type);
    view.setUint16(at + 1, says, true);
    at += 4 + length;
  }
  return new Hdf5Bytes(memorySource(bytes), 0);
}

Deno.test("readDatasetHeader() takes a message that ends with the header, and refuses one that goes on", async () => {
  const read = (says: number) => readDatasetHeader(headerOf([{ type: NIL, says, length: 8 }]), 0);
  assertEquals((await read(8)).filters, []);
  for (const says of [9, 0x7fff]) {
    await assertRejects(() => read(says), SyntaxError, "its object header is damaged");
  }
});

Deno.test("readDatasetHeader() refuses more messages than anybody writes", async () => {
  const read = (count: number) =>
    readDatasetHeader(headerOf(new Array(count).fill({ type: NIL, says: 0, length: 0 })), 0);
  assertEquals((await read(100_001)).filters, []);
  await assertRejects(() => read(100_002), SyntaxError, "its object header is damaged");
});
