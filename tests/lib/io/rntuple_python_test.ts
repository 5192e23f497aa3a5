import { openRoot } from "../../../lib/io/root.ts";
import { openRootChain } from "../../../lib/io/root_chain.ts";
import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { testWith } from "../../needs.ts";
import { pythonFolder } from "./_python.ts";

/** RNTuples of two clusters with every kind of field that uproot writes, in every compression, and the same values as arrays. */
const WRITE = `
import uproot, awkward as ak, numpy as np
n = 300; i = np.arange(n); c = i % 5; total = int(c.sum()); k = np.arange(total)
columns = dict(i1=i.astype("i1"), u1=i.astype("u1"), i2=i.astype("i2") - 9, u2=i.astype("u2") + 40000, i4=i.astype("i4") - 9, u4=i.astype("u4") + 2**31,
  i8=i - 2**60, u8=i.astype("u8") + 2**63, f4=(i / 8).astype("f4"), f8=i / 7, b=i % 3 == 0, fixed=np.arange(3 * n).reshape(n, 3).astype("i2"))
texts = ["é" * int(j % 4) if j != 7 else "x" * 300 for j in range(n)]
lists = {"v": ak.unflatten(k / 4, c), "hit": ak.zip({"x": ak.unflatten((k / 4).astype("f4"), c), "i": ak.unflatten(k.astype("i4"), c)}),
  "deep": ak.unflatten(ak.unflatten(np.arange(2 * total), np.full(total, 2)), c), "words": ak.Array([["a", "b"]] * n), "point": ak.zip({"x": i / 3, "y": i})}
for name, how in dict(none=None, zlib=uproot.ZLIB(4), lz4=uproot.LZ4(4), zstd=uproot.ZSTD(3), lzma=uproot.LZMA(3)).items():
  with uproot.recreate(f"{name}.root", compression=how) as f:
    every = {**columns, "text": ak.Array(texts), **lists}
    f.mkrntuple("nt", {name: v[:100] for name, v in every.items()})
    f["nt"].extend({name: v[100:] for name, v in every.items()})
np.savez("wanted.npz", **columns, k=k, offsets=np.concatenate([[0], np.cumsum(c)]).astype("u4"))
`;

testWith(
  "formats",
  "openRoot() reads uproot's RNTuples in every compression, value for value",
  async (python) => {
    await using folder = await pythonFolder(python, WRITE);
    const wanted = await folder.arrays("wanted.npz");
    const offsets = wanted.get("offsets")!.data as Uint32Array,
      values = wanted.get("k")!.data as BigInt64Array;
    const fixed = [...wanted.keys()].filter((key) => key !== "offsets" && key !== "k");
    for (const compression of ["none", "zlib", "lz4", "zstd", "lzma"]) {
      using file = await openRoot(folder.path(`${compression}.root`));
      assertEquals(file.trees, ["nt"]);
      const tuple = await file.tree();
      assertEquals(tuple.entries, 300);
      const columns = await tuple.read(fixed);
      for (const key of fixed) {
        assertEquals(columns[key].data, wanted.get(key)!.data, `${compression} ${key}`);
        assertEquals(columns[key].shape, wanted.get(key)!.shape.slice(1), `${compression} ${key}`);
      }
      const lists = await tuple.read(["v", "hit.x", "hit.i", "deep", "point.x"]);
      const quarters = Array.from(values, (k) => Number(k) / 4);
      assertEquals(lists.v, { data: Float64Array.from(quarters), shape: [], offsets });
      assertEquals(lists["hit.x"], { data: Float32Array.from(quarters), shape: [], offsets });
      assertEquals(lists["hit.i"].data, Int32Array.from(values, Number));
      assertEquals(lists.deep.offsets, offsets);
      assertEquals(lists.deep.inner, Uint32Array.from({ length: values.length + 1 }, (_, i) => 2 * i));
      assertEquals(lists.deep.data, BigInt64Array.from({ length: 2 * values.length }, (_, i) => BigInt(i)));
      assertEquals(lists["point.x"].data, Float64Array.from({ length: 300 }, (_, i) => i / 3));

      const over = await tuple.read(["v", "deep"], { entries: [98, 103] }); // the second cluster begins with entry 100
      assertEquals(over.v.offsets, Uint32Array.of(0, 3, 7, 7, 8, 10));
      assertEquals(over.v.data, Float64Array.from(quarters.slice(offsets[98], offsets[103])));
      assertEquals(over.deep.inner, Uint32Array.from({ length: 11 }, (_, i) => 2 * i));
      assertEquals(over.deep.data[0], BigInt(2 * offsets[98]));
      assertEquals((await tuple.read(["v"], { entries: [120, 120] })).v.offsets, Uint32Array.of(0));
      assertEquals(await tuple.readTexts("text", { entries: [5, 9] }), ["é", "éé", "x".repeat(300), ""]);
    }
  },
);

testWith(
  "formats",
  "openRoot() says what of an RNTuple it does not read, and where it is damaged",
  async (python) => {
    await using folder = await pythonFolder(python, WRITE);
    const path = folder.path("zstd.root"), bytes = await Deno.readFile(path);
    using file = await openRoot(path, { name: "zstd.root" });
    const tuple = await file.tree("nt"), failed = 'Cannot read ROOT "zstd.root" at tree "nt"';
    const kinds = Object.fromEntries(tuple.branches.map(({ name, kind, type }) => [name, `${kind} ${type}`]));
    assertEquals(kinds.words, "object std::vector<std::string>");
    assertEquals(kinds.text, "text std::string");
    assertEquals(kinds.v, "jagged std::vector<double>");
    await assertRejects(
      () => tuple.read(["words"]),
      TypeError,
      `${failed}, field "words" as a column of numbers`,
    );
    await assertRejects(() => tuple.read(["text"]), TypeError, "(readTexts reads it)");
    await assertRejects(
      () => tuple.readTexts("v"),
      TypeError,
      'field "v" as texts: it is of type std::vector<double>',
    );
    await assertRejects(() => tuple.readObjects("words"), TypeError, "it is not read");
    await assertRejects(() => tuple.read(["pont.x"]), RangeError, 'no such branch (nearest: "point.x"');
    await assertRejects(() => tuple.read(["v"], { entries: [0, 301] }), RangeError, "it has 300");
    await assertRejects(() => tuple.read(["f8"], { maxBytes: 2399 }), RangeError, "more than 2399 bytes");
    assertEquals((await tuple.read(["f8"], { maxBytes: 2400 })).f8.data.length, 300);

    // Wherever a byte is turned around, all values come or there is an error that says where: uproot keeps checksums of the
    // description alone, so that a changed value is a value.
    let refused = 0;
    for (let at = 300; at < bytes.length; at += 61) {
      const turned = bytes.slice();
      turned[at] ^= 0xff;
      try {
        using other = await openRoot(turned, { name: "turned.root", timeoutMs: 2_000 });
        const { f8 } = await (await other.tree("nt")).read(["f8"]);
        assertEquals(f8.data.length, 300, `byte ${at}`);
      } catch (error) {
        assert(error instanceof SyntaxError || error instanceof RangeError, `byte ${at}: ${error}`);
        assert(error.message.includes("turned.root"), error.message);
        refused++;
      }
    }
    assert(refused > 0);
    const cut = bytes.slice(0, bytes.length >> 1);
    await assertRejects(
      async () => {
        using other = await openRoot(cut, { name: "cut.root", timeoutMs: 2_000 });
        await (await other.tree("nt")).read(["f8"]);
      },
      SyntaxError,
      "cut.root",
    );
  },
);

testWith("formats", "openRootChain() goes on from an RNTuple to the next", async (python) => {
  await using folder = await pythonFolder(python, WRITE);
  using chain = await openRootChain(["none", "lz4"].map((name) => folder.path(`${name}.root`)));
  assertEquals(chain.entries, 600);
  const { v, i4 } = await chain.read(["v", "i4"], { entries: [298, 303] });
  assertEquals(i4.data, Int32Array.of(289, 290, -9, -8, -7));
  assertEquals(v.offsets, Uint32Array.of(0, 3, 7, 7, 8, 10));
});
