import { assertEquals, assertRejects } from "../../assert.ts";
import { testWith } from "../../needs.ts";
import { openRoot } from "../../../lib/io/root.ts";
import { encodeRoot } from "../../../lib/io/root_write.ts";
import { pythonFolder } from "./_python.ts";

/** Trees of every type that uproot writes, in every compression, and the same values as NumPy arrays. */
const WRITE = `
import uproot, awkward as ak, numpy as np
n = 300; i = np.arange(n); c = i % 5; total = int(c.sum()); k = np.arange(total)
columns = dict(i1=i.astype("i1"), u1=i.astype("u1"), i2=i.astype("i2") - 9, u2=i.astype("u2") + 40000, i4=i.astype("i4") - 9, u4=i.astype("u4") + 2**31,
  i8=i - 2**60, u8=i.astype("u8") + 2**63, f4=(i / 8).astype("f4"), f8=i / 7, b=i % 3 == 0, fixed=np.arange(3 * n).reshape(n, 3).astype("i1"), two=np.arange(6 * n, dtype="f4").reshape(n, 2, 3))
types = {name: (v.dtype, v.shape[1:]) if v.ndim > 1 else v.dtype for name, v in columns.items()}
for name, how in dict(none=None, zlib=uproot.ZLIB(4), lz4=uproot.LZ4(4), zstd=uproot.ZSTD(3), lzma=uproot.LZMA(3)).items():
  with uproot.recreate(f"{name}.root", compression=how) as f:
    f.mktree("dir/tree", {**types, "hit": "var * {x: float32, i: int32}", "text": "string"})
    for a, b in ((0, 100), (100, 101), (101, n)):
      s = slice(c[:a].sum(), c[:b].sum())
      hit = ak.zip({"x": ak.unflatten((k / 4).astype("f4")[s], c[a:b]), "i": ak.unflatten(k.astype("i4")[s], c[a:b])})
      f["dir/tree"].extend({**{name: v[a:b] for name, v in columns.items()}, "hit": hit, "text": ["é" * int(j % 4) if j != 7 else "x" * 300 for j in range(a, b)]})
np.savez("wanted.npz", **columns, hit_x=(k / 4).astype("f4"), hit_i=k.astype("i4"), offsets=np.concatenate([[0], np.cumsum(c)]).astype("u4"))
`;

testWith(
  "formats",
  "openRoot() reads uproot's every type in every compression, value for value",
  async (python) => {
    await using folder = await pythonFolder(python, WRITE);
    const wanted = await folder.arrays("wanted.npz");
    const offsets = wanted.get("offsets")!.data as Uint32Array;
    for (const name of ["none", "zlib", "lz4", "zstd", "lzma"]) {
      using file = await openRoot(folder.path(`${name}.root`));
      assertEquals(file.trees, ["dir/tree"]);
      const tree = await file.tree();
      const names = [...wanted.keys()].filter((key) => key !== "offsets");
      const columns = await tree.read(names);
      for (const key of names) {
        assertEquals(columns[key].data, wanted.get(key)!.data, `${name} ${key}`);
        if (key.startsWith("hit")) assertEquals(columns[key].offsets, offsets, `${name} ${key}`);
        else assertEquals(columns[key].shape, wanted.get(key)!.shape.slice(1), `${name} ${key}`);
      }
      const { hit_x } = await tree.read(["hit_x"], { entries: [99, 103] }); // over all three baskets
      assertEquals(hit_x.data, wanted.get("hit_x")!.data.slice(offsets[99], offsets[103]));
      assertEquals(hit_x.offsets, Uint32Array.of(0, 4, 4, 5, 7));
      const texts = await tree.readTexts("text", { entries: [5, 9] });
      assertEquals(texts, ["é", "éé", "x".repeat(300), ""]);
      assertEquals(await tree.readObjects("hit_i", { entries: [2, 4] }), [
        Int32Array.of(1, 2),
        Int32Array.of(3, 4, 5),
      ]);
      await assertRejects(() => tree.read(["text"]), TypeError, "it is of type char* (readTexts reads it)");
    }
  },
);

testWith("formats", "encodeRoot() writes what uproot reads, value for value", async (python) => {
  await using folder = await pythonFolder(python, "");
  const n = 200, offsets = [0];
  for (let i = 0; i < n; i++) offsets.push(offsets[i] + i % 7);
  const values = Array.from({ length: offsets[n] }, (_, i) => i / 8 - 3);
  for (const compression of ["none", "zlib"] as const) {
    const bytes = encodeRoot("tree", {
      evt: { data: Int32Array.from({ length: n }, (_, i) => i) },
      big: { data: BigInt64Array.from({ length: n }, (_, i) => 2n ** 60n + BigInt(i)) },
      small: { type: "unsigned char", data: Uint8Array.from({ length: n }, (_, i) => i) },
      ok: { type: "bool", data: Uint8Array.from({ length: n }, (_, i) => i % 2) },
      grid: { type: "short[2][2]", data: Int16Array.from({ length: 4 * n }, (_, i) => i) },
      x: { type: "double[n]", data: Float64Array.from(values), offsets },
      v: { type: "vector<double>", data: Float64Array.from(values), offsets },
      f: { type: "vector<float>", data: Float32Array.from(values), offsets },
      w: { type: "vector<int>", data: Int32Array.from(values), offsets },
      b: { type: "vector<bool>", data: Uint8Array.from(values, (v) => v > 0 ? 1 : 0), offsets },
    }, { compression });
    await Deno.writeFile(folder.path(`${compression}.root`), bytes);
    const said = await folder.run(`
import uproot, numpy as np, awkward as ak
t = uproot.open("${compression}.root")["tree"]; n = 200; c = np.arange(n) % 7; v = np.arange(c.sum()) / 8 - 3
same = lambda name, wanted: ak.to_list(t[name].array()) == ak.to_list(wanted)
lists = lambda a: ak.unflatten(a, c)
print(t.num_entries, [t[k].typename for k in t.keys()])
print(all([same("evt", np.arange(n)), same("big", np.arange(n) + 2**60), same("small", np.arange(n) % 256), same("ok", np.arange(n) % 2 == 1), same("n", c),
  same("grid", np.arange(4 * n).reshape(n, 2, 2)), same("x", lists(v)), same("v", lists(v)), same("f", lists(v.astype("f4"))), same("w", lists(v.astype("i4"))), same("b", lists(v > 0))]))
`);
    assertEquals(
      said.split("\n"),
      [
        "200 ['int32_t', 'int64_t', 'uint8_t', 'bool', 'int16_t[2][2]', 'int32_t', 'double[]', 'std::vector<double>', " +
        "'std::vector<float>', 'std::vector<int32_t>', 'std::vector<bool>']",
        "True",
      ],
    );
  }
});
