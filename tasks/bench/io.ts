/**
 * Reading files against h5py, on the layout of the published calorimeter files. @module
 */
import { join } from "@std/path";
import { createRng } from "../../lib/base/rng.ts";
import { openHdf5 } from "../../lib/io/hdf5.ts";
import { CliError } from "../_cli.ts";
import { alternate, type BenchContext, type BenchRow, type BenchTable, Peer } from "./_bench.ts";

export const name = "io";
export const summary = "Reading HDF5 against h5py: in order and by random slabs (parts: hdf5)";

/** Rows of the timed files, of which the published ones have 249,000; slabs, and rows of each. */
const ROWS = 20_000, SLABS = 300, SLAB = 32, BATCH = 1000;
const WIDTH = 32 * 32 * 2, MEGABYTE = 1e6;

/** Runs the chosen parts, all where none is chosen. */
export async function run(context: BenchContext): Promise<BenchTable[]> {
  const parts: Record<string, (context: BenchContext) => Promise<BenchTable>> = { hdf5 };
  const unknown = context.parts.find((part) => !Object.hasOwn(parts, part));
  if (unknown) {
    throw new CliError(`No part of the bench is named "${unknown}": ${Object.keys(parts).join(", ")}`);
  }
  const tables: BenchTable[] = [];
  for (const [part, measure] of Object.entries(parts)) {
    if (context.parts.length === 0 || context.parts.includes(part)) tables.push(await measure(context));
  }
  return tables;
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
      rows.push({ what: `${way}, ${what}`, unit: "MB/s", better: "higher", peer: "h5py", bar, ...values });
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
