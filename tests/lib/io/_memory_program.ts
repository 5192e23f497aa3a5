/** Reads a file in one of several ways and prints the largest memory that it took beyond what it began with, in MiB. */
import { decodeFits } from "../../../lib/io/fits.ts";
import { encodeGzip } from "../../../lib/io/gzip.ts";
import { openHdf5 } from "../../../lib/io/hdf5.ts";
import { createHdf5File } from "../../../lib/io/hdf5_write.ts";
import { openRootChain } from "../../../lib/io/root_chain.ts";
import { createRootFile } from "../../../lib/io/root_write.ts";
import { processMebibytes } from "../../process_memory.ts";

const [way, path] = Deno.args;

async function prepare(): Promise<void> {
  if (way === "hdf5") {
    const file = createHdf5File(path),
      images = file.dataset("X", { dtype: "f4", rowShape: [64, 64], compression: "lzf" });
    const rows = new Float32Array(100 * 64 * 64);
    for (let first = 0; first < 25_000; first += 100) { // 410 MB
      rows.fill(first, 0, 4096);
      images.append(rows);
    }
    file.close();
  } else if (way === "root") {
    const file = createRootFile(path, "t", { v: "vector<double>" });
    const offsets = Array.from({ length: 10_001 }, (_, i) => 50 * i), data = new Float64Array(500_000);
    for (let i = 0; i < 200; i++) file.append({ v: { data, offsets } }); // 800 MB
    file.close();
  } else {
    const header = ["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 16384", "NAXIS2  = 16384", "END"];
    const bytes = new Uint8Array(2880 + (1 << 28)).fill(32, 0, 2880); // 256 MiB of zeros, 256 KiB packed
    header.forEach((card, i) => bytes.set(new TextEncoder().encode(card), 80 * i));
    await Deno.writeFile(path, encodeGzip(bytes, { level: 9 }));
  }
}

/** What is let go of is collected now: how much would else wait for it is the machine's business. */
const { gc } = globalThis as unknown as { gc(): void };

async function read(): Promise<number> {
  if (way === "hdf5") {
    using file = await openHdf5(path);
    let rows = 0;
    for await (const { shape } of file.batches("X", 500)) {
      rows += shape[0];
      gc();
    }
    return rows;
  }
  if (way === "root") {
    using chain = await openRootChain([path]);
    let entries = 0;
    for await (const { v } of chain.batches(["v"], 10_000)) {
      entries += v.offsets!.length - 1;
      gc();
    }
    return entries;
  }
  try {
    return decodeFits(await Deno.readFile(path), { maxBytes: 1 << 26 }).length;
  } catch (error) {
    return error instanceof RangeError ? -1 : -2;
  }
}

if (Deno.args[2] === "prepare") await prepare();
else {
  const before = processMebibytes("VmHWM"), result = await read();
  console.log(JSON.stringify({ result, mebibytes: Math.round(processMebibytes("VmHWM") - before) }));
}
