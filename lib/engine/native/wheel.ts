/**
 * Takes single files out of a Python wheel (a zip) without unpacking the rest, as a stream.
 *
 * Sources: PKWARE APPNOTE.TXT 4.3 (zip records); the binary distribution format of the Python packaging guide (`RECORD`).
 * @module
 */
import { createReadStream, createWriteStream } from "node:fs";
import { createHash } from "node:crypto";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createInflateRaw, inflateRawSync } from "node:zlib";
import { basename, join } from "@std/path";

/** A file taken out of a wheel. */
export interface UnpackedFile {
  /** File name without folders. */
  name: string;
  /** Size in bytes. */
  bytes: number;
  /** SHA-256, hexadecimal; equal to the one that the wheel's RECORD states. */
  sha256: string;
}

interface Entry {
  method: number;
  packedBytes: number;
  bytes: number;
  headerAt: number;
}

const END = 0x06054b50, CENTRAL = 0x02014b50, LOCAL = 0x04034b50;
const STORED = 0, DEFLATED = 8;
const LARGEST_RECORD = 64 << 20;

function fail(path: string, reason: string): never {
  throw new SyntaxError(`Cannot read wheel "${basename(path)}": ${reason}`);
}

async function readAt(file: Deno.FsFile, path: string, at: number, length: number): Promise<DataView> {
  const bytes = new Uint8Array(length);
  await file.seek(at, Deno.SeekMode.Start);
  for (let filled = 0; filled < length;) {
    const n = await file.read(bytes.subarray(filled));
    if (n === null) fail(path, `it ends at byte ${at + filled}, ${length - filled} bytes early`);
    filled += n;
  }
  return new DataView(bytes.buffer);
}

async function readDirectory(file: Deno.FsFile, path: string): Promise<Map<string, Entry>> {
  const { size } = await file.stat();
  const tailBytes = Math.min(size, 22 + 0xffff);
  const tail = await readAt(file, path, size - tailBytes, tailBytes);
  let at = tailBytes - 22;
  while (at >= 0 && tail.getUint32(at, true) !== END) at--;
  if (at < 0) fail(path, "no central directory, so it is not a zip or was cut short");
  const count = tail.getUint16(at + 10, true), length = tail.getUint32(at + 12, true);
  const start = tail.getUint32(at + 16, true);
  if (count === 0xffff || start === 0xffffffff || start + length > size) {
    fail(path, "its central directory lies outside the file or is zip64");
  }
  const view = await readAt(file, path, start, length);
  const entries = new Map<string, Entry>();
  for (let i = 0, p = 0; i < count; i++) {
    if (p + 46 > length || view.getUint32(p, true) !== CENTRAL) {
      fail(path, `entry ${i} of its directory is damaged`);
    }
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((o) => view.getUint16(p + o, true));
    const name = new TextDecoder().decode(new Uint8Array(view.buffer, p + 46, nameBytes));
    entries.set(name, {
      method: view.getUint16(p + 10, true),
      packedBytes: view.getUint32(p + 20, true),
      bytes: view.getUint32(p + 24, true),
      headerAt: view.getUint32(p + 42, true),
    });
    p += 46 + nameBytes + extraBytes + commentBytes;
  }
  return entries;
}

/** Where the packed bytes of an entry begin: the local header repeats the name with extras of its own length. */
async function dataOffset(file: Deno.FsFile, path: string, name: string, entry: Entry): Promise<number> {
  if (entry.method !== STORED && entry.method !== DEFLATED) {
    fail(path, `"${name}" is packed by method ${entry.method}`);
  }
  const header = await readAt(file, path, entry.headerAt, 30);
  if (header.getUint32(0, true) !== LOCAL) fail(path, `the header of "${name}" is damaged`);
  return entry.headerAt + 30 + header.getUint16(26, true) + header.getUint16(28, true);
}

/** The SHA-256 of every file as the wheel's own RECORD lists it, hexadecimal. */
async function readRecord(
  file: Deno.FsFile,
  path: string,
  entries: Map<string, Entry>,
): Promise<Map<string, string>> {
  const name = [...entries.keys()].find((n) => /^[^/]+\.dist-info\/RECORD$/.test(n));
  if (name === undefined) fail(path, "it has no RECORD");
  const entry = entries.get(name)!;
  if (entry.bytes > LARGEST_RECORD) fail(path, `its RECORD claims ${entry.bytes} bytes`);
  const view = await readAt(file, path, await dataOffset(file, path, name, entry), entry.packedBytes);
  const packed = new Uint8Array(view.buffer);
  const text = new TextDecoder().decode(
    entry.method === STORED ? packed : inflateRawSync(packed, { maxOutputLength: entry.bytes }),
  );
  const sums = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^"?(.+?)"?,sha256=([\w-]+),/.exec(line);
    if (match) sums.set(match[1], Uint8Array.fromBase64(match[2], { alphabet: "base64url" }).toHex());
  }
  return sums;
}

/** Passes bytes through while hashing them, and stops a stream that grows past what its directory promised. */
class Meter extends Transform {
  readonly hash = createHash("sha256");
  bytes = 0;
  constructor(private readonly limit: number, private readonly onBytes: (bytes: number) => void) {
    super();
  }
  override _transform(
    chunk: Uint8Array,
    _encoding: string,
    done: (error: Error | null, data?: Uint8Array) => void,
  ) {
    this.hash.update(chunk);
    this.bytes += chunk.length;
    this.onBytes(this.bytes);
    if (this.bytes > this.limit) done(new RangeError(`more than ${this.limit} bytes come out`));
    else done(null, chunk);
  }
}

/**
 * Writes chosen files of a wheel into a folder, each checked against the wheel's RECORD.
 *
 * @param path The wheel.
 * @param names Full names inside the wheel, such as `tensorflow/libtensorflow_cc.so.2`.
 * @param folder An existing folder; files are put in it by their last name and overwritten.
 * @param onBytes Told the name and how many of its bytes have been written so far.
 * @returns Name, size and SHA-256 of each file, in the order of `names`.
 * @throws {SyntaxError} If the wheel is cut short or damaged, lacks a name, or a checksum differs.
 * @example
 * ```ts
 * import { unpackWheel } from "./wheel.ts";
 * const take = (wheel: string, folder: string) => unpackWheel(wheel, ["tensorflow/libtensorflow_framework.so.2"], folder);
 * ```
 */
export async function unpackWheel(
  path: string,
  names: readonly string[],
  folder: string,
  onBytes: (name: string, bytes: number, total: number) => void = () => {},
): Promise<UnpackedFile[]> {
  using file = await Deno.open(path);
  const entries = await readDirectory(file, path);
  const sums = await readRecord(file, path, entries);
  const unpacked: UnpackedFile[] = [];
  for (const full of names) {
    const entry = entries.get(full), expected = sums.get(full), name = basename(full);
    if (!entry || !expected) fail(path, `it holds no "${full}"`);
    const start = await dataOffset(file, path, full, entry);
    const meter = new Meter(entry.bytes, (bytes) => onBytes(name, bytes, entry.bytes));
    const source = createReadStream(path, {
      start,
      end: start + entry.packedBytes - 1,
      highWaterMark: 1 << 20,
    });
    const target = createWriteStream(join(folder, name), { mode: 0o755 });
    const inflate = entry.method === DEFLATED ? [createInflateRaw({ chunkSize: 1 << 20 })] : [];
    try {
      await pipeline([source, ...inflate, meter, target]);
    } catch (error) {
      const { code, message } = error as Error & { code?: string };
      if (code?.startsWith("Z_") || error instanceof RangeError) {
        fail(path, `"${full}" is damaged (${message})`);
      }
      throw error;
    }
    const sha256 = meter.hash.digest("hex");
    if (meter.bytes !== entry.bytes || sha256 !== expected) {
      fail(path, `"${full}" is damaged: SHA-256 is ${sha256}, its RECORD says ${expected}`);
    }
    unpacked.push({ name, bytes: meter.bytes, sha256 });
  }
  return unpacked;
}
