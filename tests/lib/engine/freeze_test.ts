import { compile, freezeGraph, startEngine, tf } from "../../../lib/engine/mod.ts";
import { assert, assertEquals, assertThrows } from "../../assert.ts";

/** Reads a number of a protocol buffer that goes on in the next byte where its highest bit is set. */
function varint(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0, shift = 0;
  for (;; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return [value, at];
  }
}

/** Fields 1 and 2 of field 1 of a GraphDef: its nodes' names and operations. */
function nodesOf(graph: Uint8Array): [name: string, op: string][] {
  const fields = (bytes: Uint8Array) => {
    const found: [number, Uint8Array][] = [];
    for (let at = 0; at < bytes.length;) {
      const [key, start] = varint(bytes, at);
      const [length, first] = varint(bytes, start);
      if (key % 8 !== 2) {
        at = first;
        continue;
      }
      found.push([key >> 3, bytes.subarray(first, first + length)]);
      at = first + length;
    }
    return found;
  };
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return fields(graph).filter(([field]) => field === 1).map(([, node]) => {
    const parts = fields(node);
    return [text(parts.find(([field]) => field === 1)![1]), text(parts.find(([field]) => field === 2)![1])];
  });
}

Deno.test("freezeGraph() gives inputs and outputs their names, and makes constants of variables", async () => {
  await startEngine({ backend: "tensorflow" });
  const weight = tf.variable(tf.ones([40, 50])); // 8,000 bytes: a compiled function would take them as an input
  const before = tf.memory().numTensors;
  const graph = freezeGraph(({ x }) => ({ y: tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D) }), {
    x: [2, 40],
  });
  assertEquals(tf.memory().numTensors, before);
  const nodes = nodesOf(graph), ops = nodes.map(([, op]) => op);
  assertEquals(nodes.find(([name]) => name === "x"), ["x", "Placeholder"]);
  assertEquals(nodes.find(([name]) => name === "y"), ["y", "Identity"]);
  assertEquals(ops.filter((op) => op === "Placeholder").length, 1);
  assert(ops.includes("Const") && ops.includes("MatMul"), ops.join());
  assert(graph.length > 8000, `${graph.length} bytes`);
  assertEquals(weight.dataSync()[0], 1, "the variable is still there");
  weight.dispose();
});

Deno.test("freezeGraph() refuses to be called within a compiled function, and what depends on the data", async () => {
  await startEngine({ backend: "tensorflow" });
  const inside = compile((x: tf.Tensor) => {
    freezeGraph(({ y }) => ({ z: y }), { y: [1] });
    return x;
  });
  assertThrows(() => inside(tf.zeros([1])), Error, "outside other functions");
  const reading = () => freezeGraph(({ x }) => ({ y: tf.scalar(x.dataSync()[0]) }), { x: [1] });
  assertThrows(reading, Error, "inside a compiled function");
});
