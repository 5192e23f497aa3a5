import { decodeSafetensors, encodeSafetensors } from "../../../lib/train/safetensors.ts";
import { assertEquals, assertThrows } from "../../assert.ts";

const sample = {
  arrays: new Map([
    ["weights/0", { data: Float32Array.of(1.5, -2), shape: [2, 1] }],
    ["steps", { data: Int32Array.of(7), shape: [] }],
    ["none", { data: new Float32Array(0), shape: [0, 3] }],
  ]),
  metadata: { state: '{"epoch":3}' },
};

Deno.test("decodeSafetensors() gives back what encodeSafetensors() packed", () => {
  assertEquals(decodeSafetensors(encodeSafetensors(sample)), sample);
});

Deno.test("decodeSafetensors() reads the reference implementation's bytes", () => {
  // safetensors.numpy.save({"a": np.array([[1, 2]], "int32")}, {"k": "v"}) of safetensors 0.8
  const header = '{"__metadata__":{"k":"v"},"a":{"dtype":"I32","shape":[1,2],"data_offsets":[0,8]}}       ';
  const bytes = new Uint8Array(8 + header.length + 8);
  bytes[0] = header.length;
  bytes.set(new TextEncoder().encode(header), 8);
  bytes.set([1, 0, 0, 0, 2, 0, 0, 0], 8 + header.length);
  const { arrays, metadata } = decodeSafetensors(bytes);
  assertEquals(arrays.get("a"), { data: Int32Array.of(1, 2), shape: [1, 2] });
  assertEquals(metadata, { k: "v" });
});

Deno.test("decodeSafetensors() refuses every cut-off file", () => {
  const bytes = encodeSafetensors(sample);
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(
      () => decodeSafetensors(bytes.subarray(0, length), "a.safetensors"),
      SyntaxError,
      "a.safetensors",
    );
  }
});

Deno.test("decodeSafetensors() refuses headers that lie", () => {
  const lie = (header: string) => {
    const bytes = new Uint8Array(8 + header.length + 8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
    bytes.set(new TextEncoder().encode(header), 8);
    return () => decodeSafetensors(bytes);
  };
  assertThrows(lie("not JSON"), SyntaxError, "no JSON");
  assertThrows(lie('{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}'), SyntaxError, "dtype F64");
  assertThrows(lie('{"a":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}'), SyntaxError, "36 bytes");
  assertThrows(lie('{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}'), SyntaxError, "4 to 8");
  assertThrows(
    lie('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'),
    SyntaxError,
    "expected 4 bytes",
  );
});

Deno.test("decodeSafetensors() says that a header is longer than its file, or than any may be", () => {
  const claims = (length: bigint) => {
    const bytes = new Uint8Array(40);
    new DataView(bytes.buffer).setBigUint64(0, length, true);
    return () => decodeSafetensors(bytes);
  };
  for (const length of [33n, 100_000_000n, 2n ** 63n]) {
    assertThrows(
      claims(length),
      SyntaxError,
      `expected a header of ${Number(length)} bytes, found a file of 40`,
    );
  }
  assertThrows(claims(32n), SyntaxError, "the header is no JSON");
});
