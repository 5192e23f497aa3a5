import { createRng } from "../../../lib/base/rng.ts";
import { sniffFormat } from "../../../lib/io/formats.ts";
import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { testWith } from "../../needs.ts";
import { fileSource } from "../../../lib/io/byte_source.ts";
import { type Hdf5File, openHdf5 } from "../../../lib/io/hdf5.ts";
import { createHdf5File, encodeHdf5 } from "../../../lib/io/hdf5_write.ts";
import { objectSource } from "../../../lib/io/object_source.ts";
import { pythonFolder } from "./_python.ts";

/** Every way of keeping an array of 23 × 7 × 5, with slabs of it as NumPy cuts them. */
const WRITE_ALL = `
import h5py, hdf5plugin, numpy as np
rng = np.random.default_rng(5)
x = rng.integers(-120, 120, (23, 7, 5)); x[rng.random(x.shape) < .5] = 0
ways = dict(
  plain={}, compact=None, unwritten=dict(chunks=(5, 3, 2)), chunked=dict(chunks=(5, 3, 2)), rows=dict(chunks=(4, 7, 5)),
  gzip=dict(chunks=(4, 7, 5), compression="gzip"), lzf=dict(chunks=(4, 7, 5), compression="lzf"),
  gzip_shuffle_fletcher=dict(chunks=(5, 3, 2), compression="gzip", shuffle=True, fletcher32=True),
  lzf_shuffle=dict(chunks=(23, 7, 5), compression="lzf", shuffle=True), fletcher=dict(chunks=(3, 3, 3), fletcher32=True),
  szip=dict(chunks=(4, 7, 5), compression="szip"), blosc=hdf5plugin.Blosc(cname="lz4"), zstd=hdf5plugin.Zstd(),
  blosc_zstd=hdf5plugin.Blosc(cname="zstd"), blosc2=hdf5plugin.Blosc2(), bitshuffle=hdf5plugin.Bitshuffle(),
  lz4=hdf5plugin.LZ4(), bzip2=hdf5plugin.BZip2())
types = dict(f4="<f4", bf4=">f4", f8="<f8", i2="<i2", bi2=">i2", i8="<i8", bi8=">i8", i1="i1", f2="<f2", i4="<i4")
for libver in ("earliest", "v108", "latest"):
  with h5py.File(f"{libver}.h5", "w", libver=libver) as f:
    for way, how in ways.items():
      for name, t in types.items():
        if way not in ("plain", "chunked", "gzip_shuffle_fletcher") and name not in ("f4", "bi2"): continue
        if how is None:
          p = h5py.h5p.create(h5py.h5p.DATASET_CREATE); p.set_layout(h5py.h5d.COMPACT)
          d = h5py.Dataset(h5py.h5d.create(f.id, f"{way}_{name}".encode(), h5py.h5t.py_create(np.dtype(t)), h5py.h5s.create_simple(x.shape), p))
          d[...] = x
        elif way == "unwritten":
          d = f.create_dataset(f"{way}_{name}", x.shape, t, fillvalue=7, **how); d[:9] = x[:9]
        else: f.create_dataset(f"{way}_{name}", data=x.astype(t), **(dict(how) if isinstance(how, dict) else dict(chunks=(4, 7, 5), **how)))
y = x.copy(); y[10:] = 7 # what is not in a chunk that was written; rows 9 and 10 share one
y[9:10] = 7
np.savez("x.npz", x=x.astype("f8"), unwritten=y.astype("f8"), slab=x[3:17, 2:6, 1:4].astype("f8"), rows=x[6:8].astype("f8"),
  unwritten_slab=y[3:17, 2:6, 1:4].astype("f8"), unwritten_rows=y[6:8].astype("f8"))
`;

const numbers = ({ data }: { data: ArrayLike<number> | ArrayLike<bigint> }) =>
  Float64Array.from<number | bigint>(data as ArrayLike<number>, Number);

testWith(
  "formats",
  "openHdf5() reads h5py's every layout, filter, type and version, whole and by slabs, near and far",
  async (python) => {
    await using folder = await pythonFolder(python, WRITE_ALL);
    const wanted = await folder.arrays("x.npz");
    for (const libver of ["earliest", "v108", "latest"]) {
      const path = folder.path(`${libver}.h5`);
      const file = fileSource(path);
      const far = {
        name: "far",
        size: file.size,
        readRange: (at: number, length: number) => file.read(at, length),
      };
      const opened = [
        await openHdf5(path),
        await openHdf5(objectSource(far, { blockBytes: 4096, cacheBytes: 1 << 14 })),
        await openHdf5(path, { chunkCacheBytes: 0 }),
        ...(libver === "earliest" ? [await openHdf5(path, { workers: 2 })] : []),
      ];
      const names = await opened[0].datasets();
      assertEquals(names.length, 18 * 2 + 3 * 8, libver);
      for (const hdf5 of opened) {
        for (const name of names) {
          const key = name.startsWith("unwritten") ? "unwritten" : "x",
            part = key === "x" ? "" : "unwritten_";
          const say = `${libver} ${name}`;
          const all = await hdf5.read(name);
          assertEquals(all.shape, [23, 7, 5], say);
          assertEquals(all.dtype, name.slice(-2), say);
          assertEquals(numbers(all), wanted.get(key)!.data, say);
          const slab = await hdf5.read(name, { slab: [[3, 17], [2, 6], [1, 4]] });
          assertEquals(slab.shape, [14, 4, 3], say);
          assertEquals(numbers(slab), wanted.get(`${part}slab`)!.data, say);
          assertEquals(
            numbers(await hdf5.read(name, { rows: [6, 8] })),
            wanted.get(`${part}rows`)!.data,
            say,
          );
        }
        const batches = await Array.fromAsync(hdf5.batches("gzip_f4", 10));
        assertEquals(batches.map(({ shape }) => shape[0]), [10, 10, 3]);
        assertEquals(
          Float64Array.from(batches.flatMap((batch) => [...numbers(batch)])),
          wanted.get("x")!.data,
        );
        hdf5.close();
      }
      file.close?.();
    }
  },
);

const WRITE_ODD = `
import h5py, hdf5plugin, numpy as np
adc = np.array([0, 1, 255, 2048, 4095, 7], "u2"); counts = np.array([0, 1, -1, -2048, 2047, 7], "i2")
with h5py.File("odd.h5", "w", userblock_size=512) as f:
  f["round"] = h5py.SoftLink("/about"); f["about"] = h5py.SoftLink("/round"); f["to"] = h5py.SoftLink("/bits")
  f["null"] = h5py.Empty("f4")
  f["bits"] = np.array([True, False, True])
  f["bits"].attrs.update(half=np.float16([1.5, 2.5]), one=np.float16(0.5), unit="keV", none=h5py.Empty("f4"), texts=["a", "bc"], n=3)
  f.create_dataset("zlib", data=np.arange(9.), **hdf5plugin.Blosc(cname="zlib"))
  f["committed"] = np.dtype("<i4"); f.create_dataset("of_it", data=[1, 2, 3], dtype=f["committed"])
  space = h5py.h5s.create_simple((6,))
  for order, (unsigned, signed) in dict(le=(h5py.h5t.STD_U16LE, h5py.h5t.STD_I16LE), be=(h5py.h5t.STD_U16BE, h5py.h5t.STD_I16BE)).items():
    for name, t, offset, v in (("high", unsigned, 4, adc), ("low", unsigned, 0, adc), ("signed", signed, 0, counts), ("signed_high", signed, 3, counts)):
      for kept in ("plain", "nbit", "gzip"):
        t = t.copy(); t.set_precision(12); t.set_offset(offset)
        p = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        if kept != "plain": p.set_chunk((4,))
        if kept == "nbit": p.set_filter(5)
        if kept == "gzip": p.set_deflate(4)
        h5py.h5d.create(f.id, f"{name}_{order}_{kept}".encode(), t, space, p).write(h5py.h5s.ALL, h5py.h5s.ALL, v)
with open("odd.h5", "r+b") as f: f.write(b"MATLAB 7.3 MAT-file".ljust(512))
rng = np.random.default_rng(1)
with h5py.File("cut.h5", "w") as f: f.create_dataset("X", data=rng.random((100, 50)), chunks=(10, 50), compression="gzip")
whole = open("cut.h5", "rb").read(); open("damaged.h5", "wb").write(whole[:20000] + bytes(100) + whole[20100:])
`;

testWith(
  "formats",
  "openHdf5() reads ADC counts, a user block, half-precision attributes; says links that go round",
  async (python) => {
    await using folder = await pythonFolder(python, WRITE_ODD);
    assertEquals(sniffFormat((await Deno.readFile(folder.path("odd.h5"))).subarray(0, 4096))?.name, "hdf5");
    using file = await openHdf5(folder.path("odd.h5"), { name: "odd.h5" });
    const names = await file.datasets();
    const adc = names.filter((name) => /_[lb]e_/.test(name));
    assertEquals(adc.length, 24);
    for (const name of adc) {
      const { data } = await file.read(name);
      const wanted = name.startsWith("signed")
        ? Int16Array.of(0, 1, -1, -2048, 2047, 7)
        : Uint16Array.of(0, 1, 255, 2048, 4095, 7);
      assertEquals(data, wanted, name);
    }
    assertEquals((await file.read("to")).data, Uint8Array.of(1, 0, 1));
    assertEquals((await file.read("of_it")).data, Int32Array.of(1, 2, 3));
    assertEquals(await file.attributes("bits"), {
      half: Float32Array.of(1.5, 2.5),
      one: 0.5,
      unit: "keV",
      texts: ["a", "bc"],
      n: 3n,
    });
    assert(!names.includes("round") && !names.includes("about"));
    await assertRejects(
      () => file.read("round"),
      RangeError,
      'the link "round" leads nowhere, or round in a circle',
    );
    await assertRejects(() => file.read("round/x"), RangeError, 'the link "round" leads nowhere');
    await assertRejects(
      () => file.read("null"),
      TypeError,
      'at "null" as it is empty: it has a null dataspace',
    );
    assertEquals((await file.info("null")).dtype, undefined);
    await assertRejects(() => file.read("zlib"), TypeError, "blosc with zlib) is not read");
  },
);

/** Three ways of keeping rows, and the first row that a file cut at some bytes lacks of each, by where h5py says its chunks are. */
const WRITE_CUT = `
import h5py, numpy as np, json
rng = np.random.default_rng(1)
with h5py.File("whole.h5", "w") as f:
  f.create_dataset("X", data=rng.random((2000, 16)), chunks=(5, 16), compression="lzf")
  f.create_dataset("plain", data=rng.random((300, 7)))
  f.create_dataset("wide", data=rng.random((40, 30)), chunks=(4, 10), compression="gzip")
with h5py.File("whole.h5") as f:
  def first(name, cut):
    d = f[name]
    if d.chunks is None: return max(0, min((cut - d.id.get_offset()) // (7 * 8), 300))
    infos = [d.id.get_chunk_info(i) for i in range(d.id.get_num_chunks())]
    return min([i.chunk_offset[0] for i in infos if i.byte_offset + i.size > cut], default=d.shape[0])
  size = f.id.get_filesize()
  places = [int(size * s) for s in (.3, .55, .8, .9, .97)] + [f["plain"].id.get_offset() + 100 * 56 - 1, size - 1]
  said = [[cut, {name: int(first(name, cut)) for name in ("X", "plain", "wide")}] for cut in places]
  print(json.dumps(said))
`;

testWith("formats", "openHdf5() names dataset and row that a file lacks which is cut off", async (python) => {
  await using folder = await pythonFolder(python, "");
  const places: [cut: number, first: Record<string, number>][] = JSON.parse(await folder.run(WRITE_CUT));
  const rows: Record<string, number> = { X: 2000, plain: 300, wide: 40 };
  const whole = await Deno.readFile(folder.path("whole.h5"));
  for (const [cut, first] of places) {
    const bytes = whole.subarray(0, cut);
    const far = {
      name: "far",
      size: cut,
      readRange: (at: number, n: number) => Promise.resolve(bytes.slice(at, at + n)),
    };
    for (const place of [bytes, objectSource(far)]) {
      const error = await assertRejects(() => openHdf5(place, { name: "cut.h5" }), SyntaxError);
      const start =
        `Cannot read HDF5 "cut.h5": the file is damaged or cut off: it has ${cut} of ${whole.length} bytes`;
      assert(error.message.startsWith(start), error.message);
      for (const [name, total] of Object.entries(rows)) {
        const said = error.message.match(new RegExp(`"${name}" from row (\\d+) on`))?.[1];
        const row = error.message.includes(`all of "${name}"`) ? 0 : Number(said ?? total);
        assertEquals(row, first[name], `${name} at ${cut}: ${error.message}`);
      }
    }
  }
});

testWith("formats", "openHdf5() names file, dataset and rows where a file is damaged", async (python) => {
  await using folder = await pythonFolder(python, WRITE_ODD);
  using file = await openHdf5(folder.path("damaged.h5"), { name: "damaged.h5" });
  let bad = 0;
  for (let row = 0; row < 100; row += 10) {
    try {
      await file.read("X", { rows: [row, row + 10] });
    } catch (error) {
      assert(error instanceof SyntaxError, String(error));
      const start = `Cannot read HDF5 "damaged.h5" at "X", rows ${row} to ${row + 10}: `;
      assert(error.message.startsWith(start), error.message);
      bad++;
    }
  }
  assert(bad >= 1 && bad <= 2, `${bad} chunks damaged`);
});

testWith(
  "formats",
  "createHdf5File() and encodeHdf5() write what h5py reads, packed in every way",
  async (python) => {
    await using folder = await pythonFolder(python, "");
    const rows = Float32Array.from({ length: 1000 * 12 }, (_, i) => i % 5 === 0 ? i / 3 : 0);
    const file = createHdf5File(folder.path("a.h5"), { run: 7, who: "Günther" });
    const ways = {
      plain: {},
      gzip: { compression: "gzip" },
      lzf: { compression: "lzf" },
      gzip_shuffle: { compression: "gzip", level: 9, shuffle: true },
      lzf_shuffle: { compression: "lzf", shuffle: true },
    } as const;
    for (const [name, how] of Object.entries(ways)) {
      const dataset = file.dataset(`ways/${name}`, {
        dtype: "f4",
        rowShape: [3, 4],
        chunkRows: 7,
        ...how,
        attributes: { unit: "keV", edges: Float64Array.of(0, 1), scale: 0.5 },
      });
      for (let at = 0; at < rows.length; at += 12 * 90) dataset.append(rows.subarray(at, at + 12 * 90));
      assertEquals(dataset.rows, 1000);
    }
    const noise = file.dataset("noise", { dtype: "u1", chunkRows: 1000, compression: "lzf", shuffle: true });
    const rng = createRng(5);
    noise.append(Uint8Array.from({ length: 2500 }, () => 256 * rng()));
    file.dataset("none", { dtype: "i8", rowShape: [2], compression: "gzip" });
    file.close();
    await Deno.writeFile(
      folder.path("b.h5"),
      await encodeHdf5({
        "g/deep/u2": { data: Uint16Array.of(1, 2, 65535), shape: [3] },
        half: { data: Float32Array.of(1.5, -2), shape: [2], dtype: "f2" },
        bool: { data: Uint8Array.of(1, 0), shape: [1, 2], dtype: "b1" },
        scalar: { data: BigInt64Array.of(-(2n ** 60n)), shape: [] },
        empty: { data: new Float64Array(0), shape: [0, 3] },
        cut: {
          data: Int32Array.from({ length: 35 }, (_, i) => i - 9),
          shape: [5, 7],
          chunks: [2, 3],
          gzip: 1,
        },
      }),
    );
    const said = await folder.run(`
import h5py, numpy as np, json
x = np.where(np.arange(12000) % 5 == 0, np.arange(12000, dtype="f8") / 3, 0).astype("f4").reshape(1000, 3, 4)
with h5py.File("a.h5") as f:
  print(json.dumps({n: [bool((d[()] == x).all()), bool((d[500:533, 1:] == x[500:533, 1:]).all()), d.compression, d.shuffle, list(d.chunks), d.attrs["unit"], d.attrs["edges"].tolist(), float(d.attrs["scale"])] for n, d in f["ways"].items()}))
  print(json.dumps([float(f.attrs["run"]), f.attrs["who"], f["noise"].shape, int(f["noise"][()].sum()), f["none"].shape, f["none"].dtype.str]))
with h5py.File("b.h5") as f:
  print(json.dumps({k: [f[k].dtype.str, np.asarray(f[k][()]).tolist()] for k in ("g/deep/u2", "half", "bool", "scalar", "empty", "cut")}))
  plans = {k: f[k].id.get_create_plist() for k in ("half", "cut")}
  print(json.dumps({k: [p.get_alloc_time(), p.get_fill_time()] for k, p in plans.items()}))
`);
    const [first, second, third, fourth] = said.split("\n").map((line) => JSON.parse(line));
    const rest = [[7, 3, 4], "keV", [0, 1], 0.5];
    assertEquals(first, {
      gzip: [true, true, "gzip", false, ...rest],
      gzip_shuffle: [true, true, "gzip", true, ...rest],
      lzf: [true, true, "lzf", false, ...rest],
      lzf_shuffle: [true, true, "lzf", true, ...rest],
      plain: [true, true, null, false, ...rest],
    });
    using back: Hdf5File = await openHdf5(folder.path("a.h5"));
    const sum = ((await back.read("noise")).data as Uint8Array).reduce((a, b) => a + b, 0);
    assertEquals(second, [7, "Günther", [2500], sum, [0, 2], "<i8"]);
    for (const name of Object.keys(ways)) assertEquals((await back.read(`ways/${name}`)).data, rows, name);
    assertEquals(await back.attributes("ways/lzf"), {
      unit: "keV",
      edges: Float64Array.of(0, 1),
      scale: 0.5,
    });
    assertEquals(third, {
      "g/deep/u2": ["<u2", [1, 2, 65535]],
      half: ["<f2", [1.5, -2]],
      bool: ["|b1", [[true, false]]],
      scalar: ["<i8", -(2 ** 60)],
      empty: ["<f8", []],
      cut: ["<i4", Array.from({ length: 5 }, (_, r) => Array.from({ length: 7 }, (_, c) => 7 * r + c - 9))],
    });
    // ALLOC_TIME_EARLY, ALLOC_TIME_INCR; FILL_TIME_IFSET.
    assertEquals(fourth, { half: [1, 2], cut: [3, 2] });
  },
);
