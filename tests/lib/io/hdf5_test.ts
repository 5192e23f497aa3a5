import { join } from "@std/path";
import { assert, assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { openHdf5 } from "../../../lib/io/hdf5.ts";
import { createHdf5File, encodeHdf5 } from "../../../lib/io/hdf5_write.ts";
import type { NpyType, NpyValues } from "../../../lib/io/npy_type.ts";
import { decodeGzip } from "../../../lib/io/gzip.ts";
import { base64 } from "./_bytes.ts";
import { rangeServer } from "./_range_server.ts";

// h5py 3.16.0, gzip-packed; x = np.arange(24).reshape(4, 3, 2)
//   num/<type> x in each type, "big_" for ">" · bool x % 2 == 0 · scalar np.float32(1.5) · empty np.zeros((0, 3), "f4")
//   packed x.astype("f4"), chunks=(2, 3, 2), compression="gzip", shuffle=True, fletcher32=True; attributes units, edges
//   soft: SoftLink("/packed") · attribute run = 42 of the root
const TYPES = decodeGzip(
  base64(
    "H4sIAAAAAAACA+1bTUwbRxR+s2ub9Q82NsZ2XVocmiIUValDaBtVlfCmOJDENKhpK04tf3aMQsACLNFTtzd6qThy9KEHjhxzqiz10kOl5tjefOwtOfZG3+6+2Xg39to0pYCZz3r6mNm3M+O3b968HQ8/zE7f6Q+kA6BDUcADA9CMY8Jft+1lfn2RmBHvER9KvF42rqWofoDa3/Oa5Xmq/+LzfF7XPnaA99Mg/SwIXEbM5lXDVRaonCP+VbLrbVSfGLy8ubmu8/bK0vrSFkDxSWXnWyxXllYeF1exfrO0o19/nyq4/6Yc/TLj87I+Sv47K5vlsrfZf+W2/ntLMZmP/1bG/j2O0lQvHnVP++8RlSv8QtruV874GaKIxzAyh0CBreqGGUfRn5QmD+L+e83R78PPHkwz8FlRXbviPk5yS6i9466ncH3ZHv+d82Kc+/dV9/b4/NofddfLOtYlPv1Pe94w8JrfkfGy2SOTzQoP6dHXBz6udvUyPhFmrIe8SdOiXmS9LEkSM2tNy8hM87eOUJUz8WfTr7zW+p96212/TDw+0mGeEL9IuevxvOHvN931eLxV3jqngYFJssfr61P8gWCoPxwZiMYG40OJZNt69A4JvceDtvdBH/qHHwIQxNjQD2GIoD9FIQaDEIchSEASTq5v+qNEPusxfBLwXsC7TS/VHVFPGINGfAJsCbAtwNZMf46ixFAGUeIoQygJlGRTrnia7TfHI8kx//h8pPBk9AvUd3Nco8kGAeIg8Hhsop84TByx8lsez03EiAeJ48RDxAni5Cvx5sKO/xNckm7DNOThDszArDYLd7W7cE+7B/e1+1DIFbRCvQBzuTltrj5Hq9KUuZDlUDSUGkodpaEvbiqOCiWDkkXJocyjLKJUUDSUPZR9lAOUGsohyhHKU9Vu1RdT9vRRIR4gjhOniIeJM8SjxFeJx4jHia8Rv0d8nThLfIN4gvgm8STxB8QfEn9k8JRmDli3Tk7/u4ZSR2kYxgEVH5qKC7eKi6OKOnqmoWJgVnFpUFFfxaRC3Uc5QMF71UMUTETUp+RqJwgQDFp/8HlN7X69slhn6dRwOjG8W8/UFuuLz8H3I45o4XffT39m84eGRnhYigXSH4/9tnC0/Et4BhOD73/2z415AiGRJgpcMpxaXql0m1cenKu88jTzbKlphWtvjyN/652mSs/5R3f2aFwOe1g6mQ72GAjYdz571z+6s0flctgD7Pst7e3xjOxR73n/6M4e+8HetkfKaCqaiVjxNOCFQMR6T2tnl/lQ67haPhO7VG+YvEZcnaAycXWSysRV2nBbIy6RXomul6h+ee3RN3qdznpbzP4C9i/3nTzWe+54X5f7ijF3PWufMu6ux/cZnyVE3tl6HoxY60ZSgeR3HeeBFmq9fpR7xB5TVpycDMLksdzJHo1Q63jZI/a4clL/qPX3pn/QOurvNg/nW3XnIw/ncdj6XSnqrp8hrg266/FvVx9y1+PrRyMp4rDdr8bN36sleGUf4I5aeJgH/bfqL/N8k7m9v2XDrfcFFv5neyjQVHyNdWY2bLccx8EF8w8zU2ESs+nJjvvk17aX8wQDx+4Z2yP0n84Xfh4JJlqvKpZ9ZNM+QZg3ykzm7SjG/vd2uVoqrRetfhjVrxZL60s7xab+zf5Qd2elXNy6Sf0qFCFlyVN/9+UQZeImp1Vs49PPnegb+M5zJ6Nd2rNAs2LEYZd22Ajby1IHewsICAgICAgICAgInB/w958y/X+H5rgess4X+yCO7x7VjbWdbSy/wZhxp/P8Kmt6HyhPgFU38+mDAgOwDpgxx3vD4+JXtn7/iIhnIyAgICAgICAgICAgICBw0dDpd+gQnSsw9xlSUFx9VNyG9uenGGO2/QO5Za/8/7mu5/4B0J/DgehCAAA=",
  ),
);
//   lzf x, compression="lzf" · text "hello" · ok x · record np.zeros(2, dtype=[("a", "f4"), ("b", "i4")])
//   outside ExternalLink("/etc/hostname", "/x") · dangling SoftLink("/nowhere") · group/itself a hard link to group
//   stolen external=[("/etc/hostname", 0, 3)] · virtual a VirtualLayout over "other.h5"
const ODD = decodeGzip(
  base64(
    "H4sIAAAAAAACA+1b3WscVRQ/d2Y2mWyN2cQ2SauhG5CyIJoVW6pPJjG7jlCapYkYfNrYTLIxm510M6mhKOalEH0qglJ8qi8SQYsEH/bNig9GCoJ9kD5JxZe+FPsHFOq5X/OV7DYahYSeH/nl5n7M3DPnfkzOOXc+csaKneljaeCwbbAgA1E8VNh8JZ7X9WWVMpWuq3TD0OWWqOtX5Rl1/7vPyPwdVT55rlDgrR8moPvJW/p6wuMIpzBS4umUyudUumXE21UvzYrUd1d9nnoLsrzunvfqM+E8ze+yXwZt8hqm8y/L1JQFalqCqVItTrNyE1cCv7I7e1y1yUKfDX0fqvoU2KLeMA3RwSF8Uv4H04J/wOvN4Dn5PVIsXIc23k/0Y1irqVAUU4lghU+W/1fjMHF2fIyvaVvls2br9nrdbx1r3S6r0ttPt26n13/j6MGez3y/Yzvsd+XIXtoKje54/lHzkEAgEAgEAoFAIBx0rL2Kv4bxB7mGvIa8gbyDhBG0lpBZZB45jCwhy8gl5BpyHXkFeRV5DbmB/BbZGOG2Y2NQ27xhaigbQ9idyDZku7A7ATqQaWGzAjyB7EQ+iexSdhs3WXqQTyEPI48ge5F9NJAEAoFAIOwKDN++cb+0HXtXaz/zUcbEuzcT1Ml2gZ/ZkMW28tSarL9H3iEZabl6wPSxVz99RtwqY0Pgp4/rzUjoLaf0Vk5ItrRP9CHlZCqQYGx73lXRtNeQM2R6l/3sFMd4J6HbZojqtrle15vMx9w/0ocRRCKyp9T1g9H6tOo/xMYB2w+YGEv9lN1KX/cHlPbk9H1knLXxIkR2CcLjhmScVa+6fDbebt5fdquz4fvG2WO/xYmJApzVBqfDoMH/uPz59yday9kPcRv1dkLOIdc/P1Txlv3a9KK7B/lGJ50x3KQMad3O5DbVLtIhrF6OtxduXC9OYCtw2Ha7OQoLSrjbZoOadSWzDpHq1GgrHGomz+uvjZ9hkQHSfaiYL1TcatWL7O8OJITx/Ipbf6FyCiUxEzIakbz+v0Hnua3+1eIf6cAD0UVrhkAgEAgEAoFAIBAIhP8L8hw2C/x0WwNx8z7p9yPsjO3n++N+ch0XCFMVF4Bm8RTpv27X5/ZB+mYbahySflV939DfrT2yyYP15X2hD+1v60/qo1mcxNT+fOmoskx9qkR6pnoicavSTXMh/IJof6B4zimJAy5GNAChx0h7+rTjcltYRaFjl71ZkSuZ0iaDzdO67OuBm1dGJ88UIfXn7z90wijwQzY/vfVNL5wEftam/pk1COPA3f+3Pv7lefhSaJhNTr0Jn4rS+xfef1ecuzkOvz649wlwF2Ev/Phc5Wcxv7rgjWdzt+CymODX//ptijaIfYeiMzYaBLE4vjv9xSKzh9u9FX95fsbtSTq9h3hkz6xemtXf6jAwvAX9QQ4uePltlP7yhoHFP57SH9gwm9kz07W56nxtzoahmvdexa27DFJzdW9lKXzttC37XtWtwUu6oP3ifN1fma5mTtKY/Zf4G8wFxk+yOQAA",
  ),
);
const X = Array.from({ length: 24 }, (_, i) => i);

Deno.test("openHdf5() reads every number type in either byte order", async () => {
  using file = await openHdf5(TYPES);
  const wanted: [path: string, dtype: NpyType, data: NpyValues][] = [
    ["u1", "u1", Uint8Array.from(X)],
    ["i1", "i1", Int8Array.from(X)],
    ["u2", "u2", Uint16Array.from(X)],
    ["i2", "i2", Int16Array.from(X)],
    ["u4", "u4", Uint32Array.from(X)],
    ["i4", "i4", Int32Array.from(X)],
    ["u8", "u8", BigUint64Array.from(X, BigInt)],
    ["i8", "i8", BigInt64Array.from(X, BigInt)],
    ["f2", "f2", Float32Array.from(X)],
    ["f4", "f4", Float32Array.from(X)],
    ["f8", "f8", Float64Array.from(X)],
    ["big_f4", "f4", Float32Array.from(X)],
    ["big_i2", "i2", Int16Array.from(X)],
  ];
  for (const [path, dtype, data] of wanted) {
    assertEquals(await file.read(`num/${path}`), { data, shape: [4, 3, 2], dtype }, path);
  }
  assertEquals((await file.read("bool")).data, Uint8Array.from(X, (v) => v % 2 ? 0 : 1));
  assertEquals(await file.read("scalar"), { data: Float32Array.of(1.5), shape: [], dtype: "f4" });
  assertEquals(await file.read("empty"), { data: new Float32Array(0), shape: [0, 3], dtype: "f4" });
});

Deno.test("openHdf5() reads rows of packed chunks, tells what is there, and its attributes", async () => {
  using file = await openHdf5(TYPES);
  assertEquals((await file.read("packed")).data, Float32Array.from(X));
  assertEquals(await file.read("packed", { rows: [1, 3] }), {
    data: Float32Array.from(X.slice(6, 18)),
    shape: [2, 3, 2],
    dtype: "f4",
  });
  assertEquals((await file.read("packed", { rows: [2, 2] })).data, new Float32Array(0));
  const info = await file.info("packed");
  assertEquals([info.shape, info.dtype, info.chunks], [[4, 3, 2], "f4", [2, 3, 2]]);
  assertEquals(info.filters, ["shuffle", "deflate", "fletcher32"]);
  assertEquals(await file.attributes("packed"), { edges: Float64Array.of(0, 5, 15), units: "keV" });
  assertEquals(await file.attributes(""), { run: 42n });
  assertEquals((await file.datasets()).filter((path) => !path.startsWith("num/")), [
    "bool",
    "empty",
    "packed",
    "scalar",
    "soft",
  ]);
});

Deno.test("Hdf5File.read() names what is missing, too large or out of range", async () => {
  using file = await openHdf5(TYPES, { name: "a.h5" });
  await assertRejects(
    () => file.read("nope"),
    RangeError,
    'Cannot read HDF5 "a.h5" at "nope": no such dataset (it has "bool"',
  );
  await assertRejects(() => file.read("num"), RangeError, "no such dataset");
  await assertRejects(() => file.read("packed", { maxBytes: 95 }), RangeError, "shape [4, 3, 2]");
  await assertRejects(
    () => file.read("packed", { rows: [3, 5] }),
    RangeError,
    "rows 3 to 5 are not inside shape [4,3,2]",
  );
  await assertRejects(() => file.attributes("nope"), RangeError, "no such dataset or group");
});

Deno.test("Hdf5File.read() reads LZF; refuses texts, records, and what leads to other files", async () => {
  using file = await openHdf5(ODD);
  assertEquals((await file.read("ok")).data, Int32Array.from(X));
  assertEquals((await file.read("lzf")).data, Float32Array.from(X));
  await assertRejects(() => file.read("text"), TypeError, "no plain numbers");
  await assertRejects(() => file.read("record"), TypeError, "no plain numbers");
  await assertRejects(() => file.read("virtual"), TypeError, "made of other datasets");
  await assertRejects(() => file.read("stolen"), TypeError, "keeps its values in other files");
  await assertRejects(() => file.read("outside"), RangeError, '"outside" leads to another file');
  await assertRejects(() => file.datasets(), RangeError, "a group contains itself");
  await assertRejects(() => file.read("nope"), RangeError, 'no such dataset (it has "lzf", "ok"');
  await assertRejects(() => file.read("dangling"), RangeError, 'the link "dangling" leads nowhere');
});

Deno.test("openHdf5() refuses what is no HDF5 file, and one cut off", async () => {
  await assertRejects(() => openHdf5(new Uint8Array(100), { name: "a.h5" }), SyntaxError, '"a.h5" at byte 0');
  await assertRejects(() => openHdf5(TYPES.subarray(0, 60)), SyntaxError, "damaged or cut off");
  await assertRejects(() => openHdf5(TYPES.subarray(0, TYPES.length / 2)), SyntaxError, "damaged or cut off");
  // Written here, what says what is in a file stands at its end, behind 400 bytes of values.
  const own = await encodeHdf5({ X: { data: new Float32Array(100), shape: [100] } });
  await assertRejects(
    () => openHdf5(own.subarray(0, 450)),
    SyntaxError,
    `it has 450 of ${own.length} bytes, and what says which datasets it has is not among them`,
  );
});

Deno.test("encodeHdf5() and openHdf5() keep arrays, groups and attributes, packed or not; paths are read too", async () => {
  const bytes = await encodeHdf5({
    "run/images": { data: Uint8Array.from(X), shape: [4, 3, 2], gzip: 4, attributes: { units: "counts" } },
    "run/energy": { data: Float64Array.of(1, 2.5), shape: [2], attributes: { bins: Float32Array.of(0, 5) } },
    id: { data: BigInt64Array.of(2n ** 60n), shape: [1] },
  }, { seed: 7 });
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "a.h5");
    await Deno.writeFile(path, bytes);
    using file = await openHdf5(path);
    assertEquals(await file.datasets(), ["id", "run/energy", "run/images"]);
    assertEquals((await file.read("run/images")).data, Uint8Array.from(X));
    assertEquals((await file.info("run/images")).chunks, [1, 3, 2]);
    assertEquals((await file.read("run/energy")).data, Float64Array.of(1, 2.5));
    assertEquals((await file.read("id")).data, BigInt64Array.of(2n ** 60n));
    assertEquals(await file.attributes("run/images"), { units: "counts" });
    assertEquals(await file.attributes("run/energy"), { bins: Float32Array.of(0, 5) });
    assertEquals(Number((await file.attributes("")).seed), 7);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  await assertRejects(
    () => encodeHdf5({ x: { data: new Uint8Array(3), shape: [2] } }),
    RangeError,
    "does not fit 3 values",
  );
});

Deno.test("encodeHdf5() keeps every byte of a header that ends where the file does", async () => {
  for (const name of ["abcd", "image", "images", "abcdefg", "abcdefgh"]) {
    const file = await openHdf5(await encodeHdf5({ [name]: { data: Uint8Array.of(1, 2), shape: [2] } }));
    assertEquals(await file.datasets(), [name]);
    file.close();
  }
});

Deno.test("createHdf5File() refuses rows that make no chunk", () =>
  withFolder((folder) => {
    const file = createHdf5File(`${folder}/x.h5`);
    try {
      const cases = [[0, [2]], [1.5, [2]], [-1, [2]], [1, [2, 0]], [undefined, [0]]] as const;
      for (const [chunkRows, rowShape] of cases) {
        assertThrows(
          () => file.dataset("x", { dtype: "f4", rowShape, chunkRows }),
          RangeError,
          `rows of [${rowShape}] make no chunk`,
        );
      }
      file.dataset("x", { dtype: "f4", rowShape: [2], chunkRows: 1 }); // the path is still free
    } finally {
      file.abort();
    }
    return Promise.resolve();
  }));

Deno.test("openHdf5() reads rows from a server by ranges, and takes threads for paths only", async () => {
  const rows = Float32Array.from({ length: 2000 * 50 }, (_, i) => i % 7 === 0 ? i : 0);
  const packed = { data: rows, shape: [2000, 50], chunks: [100, 50], compression: "lzf" } as const;
  const bytes = await encodeHdf5({ "g/X": packed, plain: { data: rows, shape: [2000, 50] } });
  await using server = rangeServer(bytes);
  using far = await openHdf5(server.url, { blockBytes: 16384, workers: 2 });
  using near = await openHdf5(bytes, { workers: 2 });
  for (const file of [far, near]) {
    assertEquals(await file.datasets(), ["g/X", "plain"]);
    for (const path of ["g/X", "plain"]) {
      const { data, shape } = await file.read(path, { rows: [950, 1250] });
      assertEquals([shape, data], [[300, 50], rows.slice(950 * 50, 1250 * 50)], path);
      const corner = await file.read(path, { slab: [[1998, 2000], [48, 50]] });
      assertEquals(corner.data, Float32Array.of(rows[99948], rows[99949], rows[99998], rows[99999]), path);
    }
  }
  assert(server.requests.length < bytes.length / 16384, `${server.requests.length} requests`); // not the whole file
});
