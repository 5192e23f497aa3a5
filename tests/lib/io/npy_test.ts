import { assertClose, assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { memorySource } from "../../../lib/io/byte_source.ts";
import { decodeNpy, encodeNpy, type NpyArray, openNpy } from "../../../lib/io/npy.ts";
import { decodeNpz, encodeNpz } from "../../../lib/io/npz.ts";
import { encodeZip } from "../../../lib/io/zip.ts";
import { decodeGzip } from "../../../lib/io/gzip.ts";
import { base64, joined, text } from "./_bytes.ts";

// Written by NumPy 2.4.6, gzip-packed here because headers are mostly spaces:
//   np.save(f, x); base64.b64encode(gzip.compress(f.getvalue(), 9, mtime=0))
const NUMPY = {
  // np.asfortranarray(np.arange(24, dtype=">f4").reshape(2, 3, 4))
  fortran:
    "H4sIAAAAAAACA5vsF+obEMnIUMZQrZ6SWpxcpG6loG6XZqKuo6Cell9UUpSYF59flJIKEg8pKk0FChdnJBakArkaRjoKxjoKJpo6CrUKZAIuBiBwdGBgcGgA0iAM4i9gYLAHsQOA4kC2YwcQCwDxCiAfJJ8ApA8A6QlArADEG4B8oIRjAZB+AKRnALEBEO9gYAAArJkA0uAAAAA=",
  // np.array([0.1, -2, 65504, np.inf], dtype="f2")
  half:
    "H4sIAAAAAAACA5vsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqSuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GiY6mjoKtQoUAK40PYYD/6sZagDVZvB0iAAAAA==",
  // np.array([2**60, -1], dtype=">i8")
  long:
    "H4sIAAAAAAACA5vsF+obEMnIUMZQrZ6SWpxcpG6loG6XaaGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6mjoKtQoUAC4BBgj4DwUATE0xEpAAAAA=",
  // np.array([[True, False], [False, True]])
  bool:
    "H4sIAAAAAAACA5vsF+obEMnIUMZQrZ6SWpxcpG6loF6TZKiuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CkaaOgq1CmQDLkYGBkYAu+RMrYQAAAA=",
  // np.array(3.5)
  scalar:
    "H4sIAAAAAAACA5vsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5Gpo6CrUKFAEuBjDgcQAAPT7jW4gAAAA=",
  // np.array([{"a": 1}], dtype=object)
  object:
    "H4sIAAAAAAACA6WLPQuCQBjHvV4IornZ7QxEaIuWhqChI4ugoSHk0ouCUnnuDCSDlqjgpnz6vGX5EfoNf/i/5e5iMlsS42icaCCkD7Rv0mxKbZNuIlDAQy+CQHzjEd9LUeRyy2NReKtrd2zzbP5D81J7PY0S3Q6TQ5w6nh+BcA7JXu04AE9RtzwQfhRKBYmvMEdd/y1RN8KgnOTIjCsOyRpvOEeLEUauuK3qeqDSWHwvlWkPH/eyrWqSoeu643fBT9hA4fqxwjNqwpERyQvvfABz6pFwHQEAAA==",
  // np.zeros(1, dtype=[("x", "f4"), ("y", "i4")])
  record:
    "H4sIAAAAAAACA5vsF+obEMnIUMZQrZ6SWpxcpG6lEK2hXqGuo6Buk2airqmjoKFeCeZlAnmxQEZaflFJUWJefH5RSipIuVtiTnEqULw4I7EgFcjXMNQB6qpVIAZwMUABAPcBVC+IAAAA",
  // np.zeros((0, 3), "u2")
  empty:
    "H4sIAAAAAAACA5vsF+obEMnIUMZQrZ6SWpxcpG6loG5TaqSuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GgY6CsaaOgq1CmQDLgB7RS8qgAAAAA==",
};
const numpy = (key: keyof typeof NUMPY) => decodeGzip(base64(NUMPY[key]));

Deno.test("decodeNpy() reorders Fortran order and swaps big-endian floats", () => {
  const { data, shape, dtype } = decodeNpy(numpy("fortran"));
  assertEquals(data, Float32Array.from({ length: 24 }, (_, i) => i));
  assertEquals(shape, [2, 3, 4]);
  assertEquals(dtype, "f4");
});

Deno.test("decodeNpy() reads half floats, 64-bit integers, booleans, a single number and an empty array", () => {
  assertClose(
    (decodeNpy(numpy("half")).data as Float32Array).subarray(0, 3),
    [0.0999755859375, -2, 65504],
    0,
  );
  assertEquals(decodeNpy(numpy("half")).data[3], Infinity);
  assertEquals(decodeNpy(numpy("long")).data, BigInt64Array.of(2n ** 60n, -1n));
  assertEquals(decodeNpy(numpy("bool")), { data: Uint8Array.of(1, 0, 0, 1), shape: [2, 2], dtype: "b1" });
  assertEquals(decodeNpy(numpy("scalar")), { data: Float64Array.of(3.5), shape: [], dtype: "f8" });
  assertEquals(decodeNpy(numpy("empty")), { data: new Uint16Array(0), shape: [0, 3], dtype: "u2" });
});

Deno.test("decodeNpy() refuses pickled objects and records by their type", () => {
  assertThrows(() => decodeNpy(numpy("object")), TypeError, "Python objects would run pickled code");
  assertThrows(() => decodeNpy(numpy("record")), TypeError, 'type "|V" is not read');
});

Deno.test("encodeNpy() writes what NumPy writes", () => {
  const data = Uint8Array.of(1, 0, 0, 1);
  assertEquals(encodeNpy({ data, shape: [2, 2], dtype: "b1" }), numpy("bool"));
  assertEquals(encodeNpy({ data: Float64Array.of(3.5), shape: [] }), numpy("scalar"));
  const half = Float32Array.of(0.1, -2, 65504, Infinity);
  assertEquals(encodeNpy({ data: half, shape: [4], dtype: "f2" }), numpy("half"));
});

Deno.test("encodeNpy() and decodeNpy() keep every type", () => {
  const arrays: Omit<NpyArray, "shape">[] = [
    { dtype: "u1", data: Uint8Array.of(0, 255) },
    { dtype: "u2", data: Uint16Array.of(0, 65535) },
    { dtype: "u4", data: Uint32Array.of(0, 4294967295) },
    { dtype: "u8", data: BigUint64Array.of(0n, 2n ** 64n - 1n) },
    { dtype: "i1", data: Int8Array.of(-128, 127) },
    { dtype: "i2", data: Int16Array.of(-32768, 32767) },
    { dtype: "i4", data: Int32Array.of(-(2 ** 31), 7) },
    { dtype: "i8", data: BigInt64Array.of(-(2n ** 63n), 7n) },
    { dtype: "f4", data: Float32Array.of(0.5, -Infinity) },
    { dtype: "f8", data: Float64Array.of(Math.PI, -0) },
  ];
  for (const array of arrays) {
    assertEquals(decodeNpy(encodeNpy({ ...array, shape: [2] })), { ...array, shape: [2] });
  }
  assertThrows(
    () => encodeNpy({ data: new Float32Array(3), shape: [2] }),
    RangeError,
    "does not fit 3 values",
  );
  assertThrows(
    () => encodeNpy({ data: new Float64Array(2), shape: [2], dtype: "f4" }),
    TypeError,
    "is not made from a Float64Array",
  );
});

Deno.test("decodeNpy() refuses every truncation, and bytes left over", () => {
  const good = encodeNpy({ data: Uint8Array.of(1, 2, 3), shape: [3] });
  for (let length = 0; length < good.length; length++) {
    assertThrows(() => decodeNpy(good.subarray(0, length)), SyntaxError, "Cannot decode npy at byte");
  }
  assertThrows(
    () => decodeNpy(joined(good, [0])),
    SyntaxError,
    "expected 3 bytes of values for shape [3], found 4",
  );
});

/** A .npy file with any header text. */
function withHeader(header: string): Uint8Array {
  const bytes = text(header);
  return joined([0x93], text("NUMPY"), [1, 0, bytes.length & 255, bytes.length >> 8], bytes);
}

Deno.test("decodeNpy() refuses headers that are not the three known keys", () => {
  const bad = [
    "{}",
    "{'descr': '<f4'}",
    "{'descr': __import__('os'), 'fortran_order': False, 'shape': ()}",
    "{'descr': '<f4', 'fortran_order': 1, 'shape': ()}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
    "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}",
    "['descr', '<f4']",
    "{'descr': '<f4', 'fortran_order': False, 'shape': 'x'}",
  ];
  for (const header of bad) assertThrows(() => decodeNpy(withHeader(header)), SyntaxError, "at byte 10");
  const product = "{'descr': '<f4', 'fortran_order': False, 'shape': (999999999, 999999999, 999999999), }";
  assertThrows(() => decodeNpy(withHeader(product)), RangeError, "at most 268435456 values");
  const text64 = "{'descr': '<U3', 'fortran_order': False, 'shape': (), }";
  assertThrows(() => decodeNpy(withHeader(text64)), TypeError, 'type "<U3" is not read');
});

// np.savez_compressed(f, image=np.arange(6, dtype="u2").reshape(2, 3), label=np.array([1, 0], "i4")), NumPy 2.4.6
const NPZ =
  "UEsDBC0AAAAIAAAAIQAFlQ9u//////////8JABQAaW1hZ2UubnB5AQAQAIwAAAAAAAAAUgAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBuU2qkrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOgrGmjoKtQpkAy4GBkYGJgZmBhYGVgYAUEsDBC0AAAAIAAAAIQCAMaOH//////////8JABQAbGFiZWwubnB5AQAQAIgAAAAAAAAASAAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBuk2mirqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOpo6CrUKFAAuRgYIAABQSwECLQMtAAAACAAAACEABZUPblIAAACMAAAACQAAAAAAAAAAAAAAgAEAAAAAaW1hZ2UubnB5UEsBAi0DLQAAAAgAAAAhAIAxo4dIAAAAiAAAAAkAAAAAAAAAAAAAAIABjQAAAGxhYmVsLm5weVBLBQYAAAAAAgACAG4AAAAQAQAAAAA=";

Deno.test("decodeNpz() reads NumPy's compressed archive", () => {
  const arrays = decodeNpz(base64(NPZ));
  assertEquals([...arrays.keys()], ["image", "label"]);
  assertEquals(arrays.get("image"), { data: Uint16Array.of(0, 1, 2, 3, 4, 5), shape: [2, 3], dtype: "u2" });
  assertEquals(arrays.get("label")?.data, Int32Array.of(1, 0));
});

Deno.test("decodeNpz() reads only what is asked for and names what is missing", () => {
  assertEquals([...decodeNpz(base64(NPZ), { only: ["label"] }).keys()], ["label"]);
  assertThrows(
    () => decodeNpz(base64(NPZ), { only: ["labels"], name: "a.npz" }),
    RangeError,
    'Cannot read array "labels" of npz "a.npz": no such array (it has "image", "label")',
  );
});

Deno.test("encodeNpz() and decodeNpz() keep arrays, packed or not", () => {
  for (const compress of [false, true]) {
    const file = encodeNpz({ x: { data: new Float32Array(100), shape: [10, 10] } }, { compress });
    assertEquals(decodeNpz(file).get("x"), { data: new Float32Array(100), shape: [10, 10], dtype: "f4" });
  }
});

Deno.test("decodeNpz() names the array that is damaged, and holds the limit over all arrays", () => {
  const bad = encodeZip([{ name: "x.npy", bytes: Uint8Array.of(1, 2, 3) }]);
  assertThrows(() => decodeNpz(bad, { name: "a.npz" }), SyntaxError, 'npy "a.npz/x.npy" at byte 0');
  const two = encodeNpz({
    a: { data: new Uint8Array(600), shape: [600] },
    b: { data: new Uint8Array(600), shape: [600] },
  });
  assertThrows(() => decodeNpz(two, { maxBytes: 1000 }), RangeError, "at most 1000 bytes");
});

Deno.test("openNpy() reads rows alone, any order of bytes and axes, and refuses what decodeNpy() refuses", async () => {
  const big = encodeNpy({ data: Float32Array.from({ length: 24 }, (_, i) => i), shape: [4, 3, 2] });
  const source = memorySource(big, "big.npy");
  let read = 0;
  const counted = {
    ...source,
    read: (at: number, length: number) => (read += length, source.read(at, length)),
  };
  const array = await openNpy(counted);
  const before = read;
  const { data, shape } = await array.read([1, 3]);
  assertEquals([[...data], shape, read - before], [
    Array.from({ length: 12 }, (_, i) => 6 + i),
    [2, 3, 2],
    48,
  ]);
  await assertRejects(
    () => array.read([3, 5]),
    RangeError,
    "Cannot read rows 3 to 5: the array has shape [4, 3, 2]",
  );
  await assertRejects(
    async () => await (await openNpy(source, { maxBytes: 40 })).read([0, 2]),
    RangeError,
    "holds at most 10 values",
  );
  const fortran = decodeGzip(base64(NUMPY.fortran)), whole = decodeNpy(fortran);
  const rows = await (await openNpy(memorySource(fortran))).read([1, 2]);
  assertEquals([[...rows.data], rows.shape], [[...whole.data].slice(12), [1, 3, 4]]);
  await assertRejects(() => openNpy(memorySource(big.subarray(0, big.length - 1))), SyntaxError, "found 95");
  await assertRejects(() => openNpy(memorySource(big.subarray(0, 40))), SyntaxError, "cut off");
});

/** A file of a version whose header is made longer by blanks, as NumPy pads it. */
function ofVersion(
  version: number,
  length: number,
  dtype = "|u1",
  values: readonly number[] = [7],
): Uint8Array {
  const header = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (1,), }`;
  const at = version === 1 ? 10 : 12, out = new Uint8Array(at + length + values.length);
  out.set([0x93, ...text("NUMPY"), version, 0]);
  const view = new DataView(out.buffer);
  if (version === 1) view.setUint16(8, length, true);
  else view.setUint32(8, length, true);
  out.set(text(header.padEnd(length - 1) + "\n"), at);
  out.set(values, at + length);
  return out;
}

Deno.test("decodeNpy() reads headers of versions 1 to 3, as long as 65,536 bytes", () => {
  for (const [version, length] of [[1, 64], [1, 65_535], [2, 64], [3, 64], [2, 65_536]]) {
    assertEquals([...decodeNpy(ofVersion(version, length)).data], [7], `${version}: ${length}`);
  }
  assertThrows(() => decodeNpy(ofVersion(2, 65_537)), SyntaxError, "cut off or absurd (65537 bytes)");
  for (const version of [0, 4, 255]) {
    assertThrows(
      () => decodeNpy(ofVersion(version, 64)),
      SyntaxError,
      `version 1, 2 or 3, found ${version}`,
    );
  }
});

Deno.test("decodeNpy() swaps only what is written in another order", () => {
  for (const [order, value] of [["<", 0x0201], [">", 0x0102], ["=", 0x0201], ["|", 0x0201]] as const) {
    assertEquals([...decodeNpy(ofVersion(1, 64, `${order}u2`, [1, 2])).data], [value], order);
  }
  assertThrows(() => decodeNpy(ofVersion(1, 64, "!u2", [1, 2])), TypeError, 'type "!u2" is not read');
});
