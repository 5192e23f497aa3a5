import { join } from "@std/path";
import { assert, assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { fileSource } from "../../../lib/io/byte_source.ts";
import { openFile } from "../../../lib/io/formats.ts";
import { objectSource } from "../../../lib/io/object_source.ts";
import { openRoot } from "../../../lib/io/root.ts";
import { openRootChain } from "../../../lib/io/root_chain.ts";
import {
  createRootFile,
  encodeRoot,
  type RootColumnInput,
  type RootType,
} from "../../../lib/io/root_write.ts";
import { withFolder } from "../../folder.ts";

/** Branches of every type, `count` entries from number `first` on; entry i has i % 4 values in lists. */
function entries(first: number, count: number): Record<string, RootColumnInput> {
  const offsets = [0];
  for (let i = 0; i < count; i++) offsets.push(offsets[i] + (first + i) % 4);
  const values = Array.from({ length: offsets[count] }, (_, i) => i - 5),
    all = Array.from({ length: count }, (_, i) => first + i);
  return {
    evt: { data: Int32Array.from(all) },
    big: { data: BigInt64Array.from(all, (i) => 2n ** 60n + BigInt(i)) },
    half: { data: Int16Array.from(all) },
    byte: { data: Int8Array.from(all) },
    free: { data: Uint32Array.from(all, (i) => i + 2 ** 31) },
    ok: { data: Uint8Array.from(all, (i) => i % 2) },
    grid: { data: Float32Array.from({ length: 6 * count }, (_, i) => 6 * first + i) },
    x: { data: Float64Array.from(values, (v) => v / 8), offsets },
    v: { data: Float64Array.from(values, (v) => v / 4), offsets },
    f: { data: Float32Array.from(values), offsets },
    w: { data: Int32Array.from(values), offsets },
  };
}
const TYPES: Record<string, RootType> = {
  evt: "int",
  big: "long long",
  half: "short",
  byte: "char",
  free: "unsigned int",
  ok: "bool",
  grid: "float[2][3]",
  x: "double[n]",
  v: "vector<double>",
  f: "vector<float>",
  w: "vector<int>",
};
const typed = (columns: Record<string, RootColumnInput>) =>
  Object.fromEntries(
    Object.entries(columns).map(([name, column]) => [name, { ...column, type: TYPES[name] }]),
  );

Deno.test("encodeRoot() and openRoot() keep every type, packed or not", async () => {
  const wanted = entries(0, 50);
  for (const compression of ["none", "zlib"] as const) {
    using file = await openRoot(encodeRoot("hits", typed(wanted), { compression }));
    assertEquals(file.trees, ["hits"]);
    const tree = await file.tree();
    assertEquals(tree.entries, 50);
    assertEquals(
      tree.branches.map(({ name, kind, dtype, type }) => `${name} ${kind} ${dtype} ${type}`),
      [
        "evt fixed i4 int",
        "big fixed i8 long long",
        "half fixed i2 short",
        "byte fixed i1 char",
        "free fixed u4 unsigned int",
        "ok fixed b1 bool",
        "grid fixed f4 float[2][3]",
        "n fixed i4 int",
        "x jagged f8 double[]",
        "v jagged f8 vector<double>",
        "f jagged f4 vector<float>",
        "w jagged i4 vector<int>",
      ],
    );
    const columns = await tree.read(Object.keys(wanted));
    for (const [name, { data, offsets }] of Object.entries(wanted)) {
      assertEquals(columns[name].data, data, name);
      assertEquals(columns[name].offsets, offsets && Uint32Array.from(offsets), name);
    }
    assertEquals(columns.grid.shape, [2, 3]);
    assertEquals((await tree.read(["n"])).n.data, Int32Array.from({ length: 50 }, (_, i) => i % 4));
    const { w, evt } = await tree.read(["w", "evt"], { entries: [9, 12] });
    const from = wanted.w.offsets![9], end = wanted.w.offsets![12];
    assertEquals(w, { data: wanted.w.data.slice(from, end), shape: [], offsets: Uint32Array.of(0, 1, 3, 6) });
    assertEquals(evt.data, Int32Array.of(9, 10, 11));
  }
});

Deno.test("createRootFile() and openRootChain() go over baskets and files, near and far", () =>
  withFolder(async (folder) => {
    const sizes = [[7, 20, 1], [30], []];
    let first = 0;
    const paths: string[] = [];
    for (const [i, baskets] of sizes.entries()) {
      const path = join(folder, `run${i}.root`);
      const file = createRootFile(path, "hits", TYPES);
      for (const size of baskets) {
        file.append(entries(first, size));
        first += size;
      }
      file.close();
      paths.push(path);
    }
    const all = entries(0, 58), names = Object.keys(all);
    const far = paths.map((path) => {
      const { name, size, read } = fileSource(path);
      return objectSource({ name, size, readRange: read }, { blockBytes: 512, cacheBytes: 2048 });
    });
    for (const places of [paths, far]) {
      using chain = await openRootChain(places, "hits");
      assertEquals([chain.entries, chain.files.map(({ entries }) => entries)], [58, [28, 30, 0]]);
      const columns = await chain.read(names);
      // Lists begin anew in each of the baskets' input, so their values are compared entry by entry.
      assertEquals(columns.evt.data, all.evt.data);
      assertEquals(columns.grid.data, all.grid.data);
      assertEquals(columns.v.offsets, Uint32Array.from(all.v.offsets!));
      const part = await chain.read(["evt", "x"], { entries: [26, 31] });
      assertEquals(part.evt.data, Int32Array.of(26, 27, 28, 29, 30));
      assertEquals(part.x.offsets, Uint32Array.of(0, 2, 5, 5, 6, 8));
      assertEquals(part.x.data, columns.x.data.slice(columns.x.offsets![26], columns.x.offsets![31]));
      const batches = await Array.fromAsync(chain.batches(["evt"], 25));
      assertEquals(batches.map(({ evt }) => evt.data.length), [25, 25, 8]);
      assertEquals((await chain.read(["v"], { entries: [58, 58] })).v.data.length, 0);
      await assertRejects(() => chain.read(["evt"], { entries: [0, 59] }), RangeError, "they have 58");
    }
    await assertRejects(() => openRootChain([]), TypeError, "there are none");
  }));

Deno.test("openRoot() names the nearest tree and branch, and what is out of range or too much", async () => {
  using file = await openRoot(encodeRoot("hits", typed(entries(0, 5))), { name: "run.root" });
  await assertRejects(
    () => file.tree("hit"),
    RangeError,
    'Cannot read ROOT "run.root" at "hit": no such tree (nearest: "hits"; it has "hits")',
  );
  const tree = await file.tree();
  await assertRejects(
    () => tree.read(["evnt"]),
    RangeError,
    'Cannot read ROOT "run.root" at tree "hits", branch "evnt": no such branch (nearest: "evt"; it has "evt", "big"',
  );
  await assertRejects(
    () => tree.read(["evt"], { entries: [3, 6] }),
    RangeError,
    "entries 3 to 6 are not inside: it has 5",
  );
  await assertRejects(() => tree.read(["grid"], { maxBytes: 200 }), RangeError, "hold more than 200 bytes");
  await assertRejects(
    () => openRoot(new Uint8Array(100), { name: "a" }),
    SyntaxError,
    'Cannot read ROOT "a" at byte 0',
  );
});

Deno.test("openRoot() never does worse than an error of its own on damaged files, and ends", async () => {
  const bytes = encodeRoot("hits", typed(entries(0, 40))), wanted = entries(0, 40);
  let refused = 0, read = 0;
  for (let at = 0; at < bytes.length; at += 37) {
    for (const damaged of [bytes.slice(0, at), bytes.map((byte, i) => i === at ? byte ^ 0xff : byte)]) {
      try {
        using file = await openRoot(damaged, { name: "a.root", timeoutMs: 300 });
        const tree = await file.tree("hits");
        const columns = await tree.read(
          Object.keys(wanted).filter((name) => tree.branches.some((b) => b.name === name)),
        );
        assert(columns !== undefined);
        read++;
      } catch (error) {
        const isOurs = error instanceof SyntaxError || error instanceof RangeError ||
          error instanceof TypeError;
        assert(isOurs && error.message.startsWith('Cannot read ROOT "a.root"'), `byte ${at}: ${error}`);
        refused++;
      }
    }
  }
  assert(refused > 50 && read > 50, `${refused} refused, ${read} read`); // most bytes are names, dates and the like
});

Deno.test("createRootFile() refuses types and entries that do not fit, and leaves nothing when aborted", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.root");
    const start = (types: Record<string, string>) =>
      createRootFile(path, "t", types as Record<string, RootType>);
    for (const type of ["complex", "vector<vector<int>>", "vector<char>", "int[n][2]", "int[0]", "int["]) {
      assertThrows(() => start({ x: type }), TypeError, `branch "x" of type "${type}"`);
    }
    assertThrows(() => start({ "a b": "int" }), TypeError, 'branch "a b"');
    assertThrows(
      () => start({ x: "int[n]", n: "int" }),
      TypeError,
      '"n" must be an int that stands before it',
    );
    assertThrows(() => start({}), TypeError, "without branches");
    const file = start({ n: "int", x: "float[n]", y: "double" });
    const x = { data: Float32Array.of(1, 2, 3), offsets: [0, 1, 3] }, y = { data: Float64Array.of(1, 2) };
    assertThrows(() => file.append({ x }), TypeError, 'branch "y" is missing');
    assertThrows(() => file.append({ x, y, z: y }), TypeError, "no such branch");
    assertThrows(
      () => file.append({ x, y: { data: Float64Array.of(1) } }),
      RangeError,
      '"n" has 2 of them and "y" 1',
    );
    assertThrows(
      () => file.append({ x, y: { data: Float32Array.of(1, 2) } }),
      TypeError,
      "from a Float32Array",
    );
    assertThrows(
      () => file.append({ x, y, n: { data: Int32Array.of(1, 1) } }),
      RangeError,
      'as many values as "n" says',
    );
    assertThrows(
      () => file.append({ x: { ...x, offsets: [0, 1, 2] }, y }),
      RangeError,
      "3 offsets from 0 to 3",
    );
    assertThrows(
      () => file.append({ x, y: { ...y, offsets: [0, 1, 2] } }),
      TypeError,
      'branch "y" of type double with offsets',
    );
    file.abort();
    assertEquals([...Deno.readDirSync(folder)].length, 0);
    await Promise.resolve();
  }));

Deno.test("openFile() gives a ROOT file's numbers as arrays, and says what it left out", async () => {
  const file = await openFile(encodeRoot("hits", typed(entries(0, 5))));
  assertEquals(file.format, "root");
  const grid = file.arrays.find(({ name }) => name === "hits/grid")!;
  assertEquals([grid.shape, grid.dtype], [[5, 2, 3], "f4"]);
  const { data, shape } = await grid.read([1, 3]);
  assertEquals([shape, data[0], data.length], [[2, 2, 3], 6, 12]);
  assertEquals(file.warnings, ['4 branches of "memory" are lists, texts or objects and were left out']);
  file.close();
});
