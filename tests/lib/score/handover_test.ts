import { apart, Handover } from "../../../lib/score/handover.ts";
import { assert, assertEquals } from "../../assert.ts";

const array = (data: Uint8Array | Float32Array) => ({ data, shape: [data.length], dtype: "u1" as const });

Deno.test("Handover.pack() moves what is a whole buffer, copies a part of one, and leaves shared memory", () => {
  const handover = new Handover(),
    whole = Uint8Array.of(1, 2),
    part = Uint8Array.of(0, 3, 4, 0).subarray(1, 3);
  const shared = new Uint8Array(new SharedArrayBuffer(2));
  const { png } = handover.pack({ png: whole });
  const { arrays, name } = handover.pack({ name: "a", arrays: { x: array(part), y: array(shared) } });
  assert(png === whole && arrays.y.data === shared);
  assertEquals([name, arrays.x.shape, [...arrays.x.data]], ["a", [2], [3, 4]]);
  assertEquals(arrays.x.data.buffer.byteLength, 2);
  assert(handover.buffers.length === 2 && handover.buffers[0] === whole.buffer);
  assert(handover.buffers[1] === arrays.x.data.buffer);
});

Deno.test("Handover.pack() gives each example memory of its own, so that each can be handed on alone", () => {
  const handover = new Handover(), data = Float32Array.of(1, 2);
  const [first, second] = [1, 2].map(() => handover.pack({ arrays: { x: array(data) } }).arrays.x.data);
  assert(first === data && second.buffer !== data.buffer);
  assertEquals([...second], [1, 2]);
  assertEquals(handover.buffers.length, 2);
});

Deno.test("apart() copies a part of a buffer and nothing else", () => {
  const data = Uint8Array.of(1, 2, 3), part = data.subarray(1);
  assert(apart(data) === data);
  assertEquals([[...apart(part)], apart(part).buffer.byteLength], [[2, 3], 2]);
});
