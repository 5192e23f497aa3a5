/**
 * Reading files: HDF5 against h5py on the layout of the published calorimeter files, ROOT against uproot on lists of hits.
 * @module
 */
import { join } from "@std/path";
import { createRng } from "../../lib/base/rng.ts";
import { openHdf5 } from "../../lib/io/hdf5.ts";
import { openRoot } from "../../lib/io/root.ts";
import { createRootFile } from "../../lib/io/root_write.ts";
import { CliError } from "../_cli.ts";
import {
  alternate,
  type BenchContext,
  type BenchRow,
  type BenchTable,
  memoryBeside,
  Peer,
  runParts,
} from "./_bench.ts";

export const name = "io";
export const summary = "Reading HDF5 against h5py and ROOT against uproot (parts: hdf5, root)";

/** Rows of the timed files, of which the published ones have 249,000; slabs, and rows of each. */
const ROWS = 20_000, SLABS = 300, SLAB = 32, BATCH = 1000;
const WIDTH = 32 * 32 * 2, MEGABYTE = 1e6;

/** Runs the chosen parts, all where none is chosen. */
export function run(context: BenchContext): Promise<BenchTable[]> {
  return runParts(name, context, { hdf5, root });
}

function peer({ need }: BenchContext): Peer {
  return new Peer(need("formats"), [new URL("./peers/io_files.py", import.meta.url).pathname]);
}

async function hdf5(context: BenchContext): Promise<BenchTable> {
  const { folder, rounds, say } = context, rows: BenchRow[] = [];
  await using h5py = peer(context);
  const rng = createRng(3);
  const places = Array.from({ length: SLABS }, () => Math.floor(rng() * (ROWS - SLAB)));
  for (const way of ["lzf", "gzip"]) {
    const path = join(folder, `${way}.h5`);
    say(`writing ${ROWS} pictures packed by ${way}`);
    await h5py.ask({ do: "make", path, rows: ROWS, way });
    for (
      const [what, order, bar] of [["in order", "sequential", 1.2], ["slabs of 32", "slabs", 1]] as const
    ) {
      const megabytes = (order === "sequential" ? ROWS : SLABS * SLAB) * WIDTH * 4 / MEGABYTE;
      const ours = order === "sequential" ? () => sequential(path) : () => slabs(path, places);
      const theirs = await h5py.ask({ do: order, path, places });
      const found = await ours(); // both have read the file once before the clock runs
      if (Math.abs(found - theirs.sum) > 1e-6 * Math.abs(theirs.sum)) {
        throw new CliError(`The sums differ: ${found} by ours, ${theirs.sum} by h5py`);
      }
      const values = await alternate(rounds, {
        async ours() {
          const start = performance.now();
          await ours();
          return megabytes / ((performance.now() - start) / 1000);
        },
        async theirs() {
          return megabytes / (await h5py.ask({ do: order, path, places })).seconds;
        },
      });
      const row = { what: `${way}, ${what}`, unit: "MB/s", better: "higher", peer: "h5py", bar } as const;
      rows.push({ ...row, ...values, memory: memoryBeside(h5py) });
    }
  }
  return {
    title: "HDF5, (n, 32, 32, 2) of 32-bit floats, 95 % zeros, unpacked MB/s",
    rows,
    notes: [
      `${ROWS} pictures in chunks of 100; in order by ${BATCH}; ${SLABS} slabs of ${SLAB} rows at random places. ` +
      "One thread, and a chunk cache of 1 MiB on both sides.",
    ],
  };
}

/** Events of the ROOT files, hits of one on average, and their branches. */
const EVENTS = 100_000, HITS = 20;
const BRANCHES = {
  radius: "vector<double>",
  wirez: "vector<double>",
  layer: "vector<int>",
  column: "vector<int>",
} as const;

async function root(context: BenchContext): Promise<BenchTable> {
  const { folder, rounds, say } = context, rows: BenchRow[] = [];
  await using uproot = peer(context);
  const names = Object.keys(BRANCHES) as (keyof typeof BRANCHES)[];
  for (const compression of ["none", "zlib"] as const) {
    const path = join(folder, `${compression}.root`);
    say(`writing ${EVENTS} events, ${compression === "none" ? "not packed" : "packed by zlib"}`);
    writeTracks(path, compression);
    const read = async () => {
      using file = await openRoot(path);
      const columns = await (await file.tree()).read(names);
      let sum = 0;
      for (const name of names) sum += sumOf(columns[name].data as Float64Array);
      return sum;
    };
    const theirs = await uproot.ask({ do: "tracks", path, names }), found = await read();
    if (Math.abs(found - theirs.sum) > 1e-9 * Math.abs(theirs.sum)) {
      throw new CliError(`The sums differ: ${found} by ours, ${theirs.sum} by uproot`);
    }
    const values = await alternate(rounds, {
      async ours() {
        const start = performance.now();
        await read();
        return EVENTS / ((performance.now() - start) / 1000);
      },
      async theirs() {
        return EVENTS / (await uproot.ask({ do: "tracks", path, names })).seconds;
      },
    });
    const what = compression === "none" ? "not packed" : "zlib";
    const row = { what, unit: "events/s", better: "higher", peer: "uproot", bar: 0.8 } as const;
    rows.push({ ...row, ...values, memory: memoryBeside(uproot) });
  }
  return {
    title: "ROOT, four std::vector branches to columns, opening included",
    rows,
    notes: [
      `${EVENTS} events of ${HITS} hits on average, in baskets of 5,000 events; both sides add the values up.`,
    ],
  };
}

function sumOf(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum;
}

function writeTracks(path: string, compression: "none" | "zlib"): void {
  const rng = createRng(5), file = createRootFile(path, "hit_tree", BRANCHES, { compression });
  for (let first = 0; first < EVENTS; first += 5000) {
    const offsets = [0];
    for (let i = 0; i < 5000; i++) offsets.push(offsets[i] + Math.floor(rng() * 2 * HITS + 1));
    const length = offsets[5000];
    file.append({
      radius: { data: Float64Array.from({ length }, () => 22 * rng()), offsets },
      wirez: { data: Float64Array.from({ length }, () => 3000 * rng() - 1500), offsets },
      layer: { data: Int32Array.from({ length }, () => Math.floor(9 * rng())), offsets },
      column: { data: Int32Array.from({ length }, () => Math.floor(113 * rng())), offsets },
    });
  }
  file.close();
}

/** The sum of each picture's first value, which is what h5py's side adds up. */
function firstValues(data: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < data.length; i += WIDTH) sum += data[i];
  return sum;
}

async function sequential(path: string): Promise<number> {
  using file = await openHdf5(path, { chunkCacheBytes: 1 << 20 });
  let sum = 0;
  for await (const { data } of file.batches("X", BATCH)) sum += firstValues(data as Float32Array);
  return sum;
}

async function slabs(path: string, places: readonly number[]): Promise<number> {
  using file = await openHdf5(path, { chunkCacheBytes: 1 << 20 });
  let sum = 0;
  for (const first of places) {
    sum += firstValues((await file.read("X", { rows: [first, first + SLAB] })).data as Float32Array);
  }
  return sum;
}
