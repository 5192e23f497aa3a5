/**
 * Zip archives that nobody vouches for: listed without being read whole, unpacked within limits, written as a stream.
 *
 * Bytes before and behind an archive are passed over, as of self-extracting ones; `./` before a name is left out, and a
 * backslash is taken for the `/` that it means where Windows programs write it.
 *
 * An archive is refused before any entry is unpacked if a name leaves the folder (absolute, drive, `..`),
 * occurs twice, or is a link or device; if an entry is encrypted, packed by another method than stored or deflate,
 * overlaps another, or if the announced sizes exceed a limit. The sizes are then held to: inflating stops at the
 * announced size and must reach it, so the real total can never exceed the announced one.
 *
 * Memory: the directory, some 300 bytes an entry of it, and one entry unpacked.
 *
 * Source: PKWARE APPNOTE 6.3.10 (sections 4.3 to 4.5, zip64 included); D. Fifield, "A better zip bomb" (overlap). @module
 */
import { crc32, deflateRawSync, inflateRawSync } from "node:zlib";
import { dirname, join } from "@std/path";
import { createDurableWriter } from "../base/durable_writer.ts";
import { joinParts } from "./_parts.ts";
import { plain } from "./gzip.ts";
import { ZIP_END as END, ZIP_LOCAL as LOCAL } from "./signatures.ts";

export { isZip } from "./signatures.ts";

/** Where an archive's bytes are: a positioned read. Files are read piece by piece, so their size is no matter. */
export interface ZipSource {
  /** Name for error messages. */
  name?: string;
  /** Bytes in all. */
  size: number;
  /** Reads exactly `length` bytes from `offset`. */
  read(offset: number, length: number): Uint8Array;
  /** Lets go of the file, if there is one. */
  close(): void;
}

/** What systems put beside a user's files: `__MACOSX/`, `._name`, `.DS_Store`. */
export function isHiddenEntry(name: string): boolean {
  return /(^|\/)(\.[^/]|__MACOSX\/)/.test(name);
}

/** One file in an archive; plain data, so that it can be posted to a worker which opens the same archive. */
export interface ZipEntry {
  /** Path inside the archive, with `/` between its parts; safe to join to a folder. */
  name: string;
  /** Unpacked bytes. */
  size: number;
  /** Packed bytes. */
  packedSize: number;
  /** Where the entry's local header starts. */
  offset: number;
  /** The byte that the entry's data must not reach beyond: the next entry, or the directory. */
  limit: number;
  /** 0 stored, 8 deflated. */
  method: 0 | 8;
  /** CRC-32 of the unpacked bytes. */
  crc: number;
}

/** Limits of {@linkcode listZip}. */
export interface ZipLimits {
  /** Most entries, folders included. @default {1_000_000} */
  maxEntries?: number;
  /** Most unpacked bytes of one entry. @default {1_073_741_824} */
  maxEntryBytes?: number;
  /** Most unpacked bytes of all entries together. @default {1_099_511_627_776} */
  maxTotalBytes?: number;
  /** Most unpacked bytes for one packed byte, for entries beyond 1 MiB. Deflate itself reaches 1,032. @default {1100} */
  maxRatio?: number;
  /** Takes the name of each folder that the archive names, with the slash at its end. */
  onFolder?: (name: string) => void;
}

/** Bytes in memory as a source. */
export function zipBytes(bytes: Uint8Array, name?: string): ZipSource {
  return {
    name,
    size: bytes.length,
    read(offset, length) {
      if (offset + length > bytes.length) {
        throw new SyntaxError(`${failed(name)}: the file ends at byte ${bytes.length}`);
      }
      return bytes.subarray(offset, offset + length);
    },
    close() {},
  };
}

/** A file as a source; close it when done. */
export function openZipFile(path: string): ZipSource {
  const file = Deno.openSync(path, { read: true });
  const { size } = file.statSync();
  return {
    name: path,
    size,
    read(offset, length) {
      if (offset + length > size) throw new SyntaxError(`${failed(path)}: the file ends at byte ${size}`);
      const bytes = new Uint8Array(length);
      file.seekSync(offset, Deno.SeekMode.Start);
      for (let done = 0; done < length;) {
        const n = file.readSync(bytes.subarray(done));
        if (n === null) throw new SyntaxError(`${failed(path)}: the file ends at byte ${offset + done}`);
        done += n;
      }
      return bytes;
    },
    close: () => file.close(),
  };
}

/**
 * Lists the files of an archive and refuses an unsafe one. Reads the directory at its end, never the data.
 *
 * @returns The entries in the order of the directory; folders are left out.
 * @throws {SyntaxError} If it is not a zip, is damaged, or is unsafe (see the module's text).
 * @throws {RangeError} If it exceeds a limit.
 * @example
 * ```ts
 * const zip = encodeZip([{ name: "a/b.txt", bytes: new TextEncoder().encode("hello") }]);
 * listZip(zipBytes(zip))[0].name; // "a/b.txt"
 * ```
 */
export function listZip(source: ZipSource, limits: ZipLimits = {}): ZipEntry[] {
  const { maxEntries = 1_000_000, maxTotalBytes = 2 ** 40, onFolder } = limits;
  const fail = failed(source.name);
  const end = findEnd(source);
  if (end.count > maxEntries) {
    throw new RangeError(`${fail} as it may hold at most ${maxEntries} entries: it has ${end.count}`);
  }
  // Places count from the archive's own start; what was put before it moves the directory on.
  const base = end.at - end.size - end.offset;
  if (end.count * 46 > end.size || base < 0) {
    throw new SyntaxError(`${fail} at byte ${end.at}: the directory does not fit in the file`);
  }
  const bytes = source.read(base + end.offset, end.size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: ZipEntry[] = [], spans: Span[] = [], names = new Set<string>();
  let total = 0, at = 0;
  for (let i = 0; i < end.count; i++) {
    const start = at; // places are made into words only for an error: lists are long
    const atByte = () => `${fail} at byte ${end.offset + start}`;
    const listed = readListed(bytes, view, start, atByte, () => `entry ${i + 1} of ${end.count}`);
    at = listed.next;
    const { name } = listed;
    if (name === "") continue; // the folder that the archive is unpacked into
    const inEntry = () => `${fail} at entry ${JSON.stringify(name)}`;
    const wide = zip64Fields(view, start, listed.nameLength, listed.extraLength, inEntry);
    checkName(name, inEntry);
    if (names.has(name)) throw new SyntaxError(`${inEntry()}: the name occurs twice`);
    names.add(name);
    checkListed(listed, wide, inEntry);
    checkSize(wide, limits, inEntry);
    total += wide.size;
    if (total > maxTotalBytes) {
      throw new RangeError(`${inEntry()} as all entries may unpack to at most ${maxTotalBytes} bytes`);
    }
    const offset = wide.offset + base;
    const span: Span = { offset, end: offset + 30 + listed.nameLength + wide.packedSize, name };
    spans.push(span);
    if (name.endsWith("/")) onFolder?.(name);
    else {
      const { method, crc } = listed, { size, packedSize } = wide;
      const entry: ZipEntry = { name, size, packedSize, offset, limit: 0, method: method as 0 | 8, crc };
      span.entry = entry;
      entries.push(entry);
    }
  }
  if (at !== bytes.length) {
    throw new SyntaxError(`${fail} at byte ${end.offset + at}: the directory holds more than its entries`);
  }
  limitSpans(spans, base + end.offset, fail);
  return entries;
}

/** What the directory says of one entry. */
interface Listed {
  /** Where the next one stands in the directory. */
  next: number;
  name: string;
  nameLength: number;
  extraLength: number;
  flags: number;
  method: number;
  crc: number;
  /** The Unix mode's kind of file, 0 where no Unix-like system wrote the entry. */
  kind: number;
}

/** Where an entry's bytes are. */
interface Span {
  offset: number;
  end: number;
  name: string;
  /** Absent for a folder. */
  entry?: ZipEntry;
}

/** Reads an entry of the directory. @throws {SyntaxError} If there is none, or it is cut off. */
function readListed(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  atByte: () => string,
  which: () => string,
): Listed {
  if (at + 46 > bytes.length || view.getUint32(at, true) !== DIRECTORY) {
    throw new SyntaxError(`${atByte()}: expected directory ${which()}`);
  }
  const flags = view.getUint16(at + 8, true), method = view.getUint16(at + 10, true);
  const nameLength = view.getUint16(at + 28, true), extraLength = view.getUint16(at + 30, true);
  const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
  if (next > bytes.length) throw new SyntaxError(`${atByte()}: the directory entry is cut off`);
  const name = tidyName(decodeName(bytes.subarray(at + 46, at + 46 + nameLength), (flags & 0x800) !== 0));
  // The upper half of the attributes is a Unix mode only if a Unix-like system wrote the entry (3 Unix, 19 macOS).
  const mode = view.getUint32(at + 38, true) >>> 16, madeBy = bytes[at + 5];
  const kind = madeBy === 3 || madeBy === 19 ? mode & 0o170000 : 0;
  const crc = view.getUint32(at + 16, true);
  return { next, name, nameLength, extraLength, flags, method, crc, kind };
}

/** Refuses what is no plain file or folder that can be unpacked. @throws {SyntaxError} */
function checkListed(
  { name, flags, method, kind }: Listed,
  { size, packedSize }: { size: number; packedSize: number },
  inEntry: () => string,
): void {
  if (kind !== 0 && kind !== 0o100000 && kind !== 0o040000) {
    throw new SyntaxError(`${inEntry()}: links and devices are refused`);
  }
  if (flags & 0x2041) throw new SyntaxError(`${inEntry()}: encrypted entries are refused`);
  if (method !== 0 && method !== 8) {
    throw new SyntaxError(`${inEntry()}: expected method 0 (stored) or 8 (deflate), found ${method}`);
  }
  if (method === 0 && size !== packedSize) {
    throw new SyntaxError(`${inEntry()}: stored, yet ${size} bytes from ${packedSize}`);
  }
  if (name.endsWith("/") && size > 0) {
    throw new SyntaxError(`${inEntry()}: a folder with ${size} bytes of content`);
  }
}

/** Refuses an entry that unpacks to too much. @throws {RangeError} */
function checkSize(
  { size, packedSize }: { size: number; packedSize: number },
  { maxEntryBytes = 2 ** 30, maxRatio = 1100 }: ZipLimits,
  inEntry: () => string,
): void {
  if (size > maxEntryBytes) {
    throw new RangeError(
      `${inEntry()} as an entry may unpack to at most ${maxEntryBytes} bytes: it has ${size}`,
    );
  }
  if (size > 2 ** 20 && size > packedSize * maxRatio) {
    throw new RangeError(
      `${inEntry()} as ${packedSize} bytes would unpack to ${size}, beyond 1 to ${maxRatio}`,
    );
  }
}

/** Says of each entry where its bytes must end. @throws {SyntaxError} If two overlap. */
function limitSpans(spans: Span[], directoryAt: number, fail: string): void {
  spans.sort((a, b) => a.offset - b.offset);
  spans.forEach((span, i) => {
    const limit = spans[i + 1]?.offset ?? directoryAt;
    if (span.end > limit) {
      throw new SyntaxError(
        `${fail} at entry ${JSON.stringify(span.name)}: it overlaps ` +
          (i + 1 < spans.length ? `entry ${JSON.stringify(spans[i + 1].name)}` : "the directory"),
      );
    }
    if (span.entry) span.entry.limit = limit;
  });
}

/**
 * Unpacks one entry.
 *
 * @returns Its bytes; of a stored entry in memory, a view of the archive's.
 * @throws {SyntaxError} If the data disagree with the directory in size, place or CRC-32.
 */
export function readZipEntry(source: ZipSource, entry: ZipEntry): Uint8Array {
  const fail = entryFault(source, entry),
    packed = source.read(dataStart(source, entry, fail), entry.packedSize);
  const bytes = entry.method === 0 ? packed : inflate(packed, entry, fail);
  if (bytes.length !== entry.size) {
    throw new SyntaxError(`${fail}: expected ${entry.size} bytes, it unpacks to ${bytes.length}`);
  }
  if (crc32(bytes) !== entry.crc) throw new SyntaxError(`${fail}: the CRC-32 differs`);
  return bytes;
}

/**
 * The first bytes of an entry that is stored as it is, to know its format by; its CRC-32 is not looked at.
 *
 * @returns At most `length` bytes; undefined for an entry that is deflated.
 * @throws {SyntaxError} If the data disagree with the directory in place.
 */
export function peekStoredEntry(source: ZipSource, entry: ZipEntry, length: number): Uint8Array | undefined {
  if (entry.method !== 0) return undefined;
  const start = dataStart(source, entry, entryFault(source, entry));
  return source.read(start, Math.min(length, entry.packedSize));
}

/** Bytes that are checked at once. */
const PIECE_BYTES = 1 << 20;

/**
 * An entry as a source of its own: read where it lies if it is stored, else unpacked into memory. It needs the archive
 * open, and closes nothing.
 *
 * @throws {SyntaxError} As {@linkcode readZipEntry}.
 */
export function openZipEntry(source: ZipSource, entry: ZipEntry): ZipSource {
  if (entry.method !== 0) return zipBytes(readZipEntry(source, entry), entry.name);
  const fail = entryFault(source, entry), start = dataStart(source, entry, fail), { name, size } = entry;
  if (entry.packedSize !== size) {
    throw new SyntaxError(`${fail}: expected ${size} bytes, it unpacks to ${entry.packedSize}`);
  }
  let crc = 0;
  for (let at = 0; at < size; at += PIECE_BYTES) {
    crc = crc32(source.read(start + at, Math.min(PIECE_BYTES, size - at)), crc);
  }
  if (crc !== entry.crc) throw new SyntaxError(`${fail}: the CRC-32 differs`);
  return {
    name,
    size,
    read(offset, length) {
      if (offset + length > size) throw new SyntaxError(`${fail}: it ends at byte ${size}`);
      return source.read(start + offset, length);
    },
    close() {},
  };
}

function entryFault({ name }: ZipSource, entry: ZipEntry): string {
  return `${failed(name)} at entry ${JSON.stringify(entry.name)}`;
}

/** Where an entry's data start, by its local header. @throws {SyntaxError} If it disagrees with the directory. */
function dataStart(source: ZipSource, entry: ZipEntry, fail: string): number {
  const header = source.read(entry.offset, 30);
  const view = new DataView(header.buffer, header.byteOffset, 30);
  if (view.getUint32(0, true) !== LOCAL) {
    throw new SyntaxError(`${fail}: expected a local header at byte ${entry.offset}`);
  }
  if (view.getUint16(8, true) !== entry.method) {
    throw new SyntaxError(
      `${fail}: the local header says method ${view.getUint16(8, true)}, the directory ${entry.method}`,
    );
  }
  const start = entry.offset + 30 + view.getUint16(26, true) + view.getUint16(28, true);
  if (start + entry.packedSize > entry.limit) {
    throw new SyntaxError(`${fail}: it overlaps what follows at byte ${entry.limit}`);
  }
  return start;
}

/**
 * Unpacks a small archive held in memory.
 *
 * @returns Name to bytes, in the order of the directory.
 * @throws {SyntaxError} {@linkcode listZip} and {@linkcode readZipEntry} say when.
 * @throws {RangeError} If it exceeds a limit.
 */
export function decodeZip(
  bytes: Uint8Array,
  options: ZipLimits & { name?: string } = {},
): Map<string, Uint8Array> {
  const source = zipBytes(bytes, options.name);
  return new Map(listZip(source, options).map((entry) => [entry.name, readZipEntry(source, entry)]));
}

/** Options for {@linkcode extractZip}. */
export interface ExtractZipOptions extends ZipLimits {
  /** Called after each entry; `written` is false where the file was there before. */
  onEntry?: (entry: ZipEntry, written: boolean, done: number, of: number) => void;
  /** Which entries to unpack. @default {all} */
  filter?: (entry: ZipEntry) => boolean;
  /** Stops between two entries. */
  signal?: AbortSignal;
}

/**
 * Unpacks an archive into a folder as `unzip -n` does: a file that exists is left as it is.
 *
 * Each file is written under a temporary name and renamed, so a cut-off run leaves no half file. The archive is
 * checked whole before the first byte is written. A link in the folder that leads out of it is refused.
 *
 * @returns How many files were written and how many were there before.
 * @throws {SyntaxError} If the archive is damaged or unsafe.
 * @throws {RangeError} If it exceeds a limit.
 */
export async function extractZip(
  path: string,
  folder: string,
  options: ExtractZipOptions = {},
): Promise<{ written: number; kept: number }> {
  const { onEntry, filter = () => true, signal } = options;
  const source = openZipFile(path);
  try {
    const entries = listZip(source, options).filter(filter);
    await Deno.mkdir(folder, { recursive: true });
    const root = await Deno.realPath(folder);
    const checked = new Set<string>();
    let written = 0, kept = 0;
    for (const entry of entries) {
      signal?.throwIfAborted();
      const target = join(root, entry.name), parent = dirname(target);
      if (!checked.has(parent)) {
        await makeInside(root, entry.name, path);
        checked.add(parent);
      }
      const present = await Deno.lstat(target).then(() => true, () => false);
      if (!present) {
        const partial = `${target}.${crypto.randomUUID()}.partial`;
        try {
          await Deno.writeFile(partial, readZipEntry(source, entry));
          await Deno.rename(partial, target);
        } catch (error) {
          await Deno.remove(partial).catch(() => {});
          throw error;
        }
      }
      if (present) kept++;
      else written++;
      onEntry?.(entry, !present, written + kept, entries.length);
    }
    return { written, kept };
  } finally {
    source.close();
  }
}

/** A file to pack. */
export interface ZipInput {
  /** Path inside the archive, `/` between its parts. */
  name: string;
  /** Content. */
  bytes: Uint8Array;
  /** Deflate level from 1 to 9, or 0 to store (right for PNG and other packed data). @default {0} */
  level?: number;
  /** When it was changed; before 1980 and after 2107, which no zip can say, the nearest time that it can. @default {1980-01-01, so that the same content gives the same archive} */
  modified?: Date;
}

/** Writes an archive entry by entry; nothing but the directory is kept in memory. */
export interface ZipWriter {
  /** Packs one file and hands its bytes on at once. */
  add(input: ZipInput): void;
  /** Writes the directory; the archive is complete. */
  close(): void;
}

/**
 * Starts an archive that goes, piece by piece, to `write`. Sizes past 4 GiB and counts past 65,535 become zip64.
 *
 * @throws {TypeError} (by `add`) If a name is unsafe or occurs twice.
 * @throws {RangeError} (by `add`) If an entry has 2 GiB or more.
 */
export function createZipWriter(write: (chunk: Uint8Array) => void): ZipWriter {
  const directory: Uint8Array[] = [], names = new Set<string>();
  let offset = 0;
  const put = (chunk: Uint8Array) => {
    write(chunk);
    offset += chunk.length;
  };
  return {
    add({ name, bytes, level = 0, modified }) {
      const fail = () => `Cannot add ${JSON.stringify(name)} to a zip`;
      try {
        checkName(name, fail);
      } catch (error) {
        throw new TypeError((error as Error).message);
      }
      if (names.has(name)) throw new TypeError(`${fail()}: the name occurs twice`);
      names.add(name);
      if (bytes.byteLength > MAX_ARRAY) { // V8 15 compiles a comparison of `length` with just this number to "never"
        throw new RangeError(
          `${fail()} as an entry may have at most ${MAX_ARRAY} bytes: it has ${bytes.length}`,
        );
      }
      let packed = level === 0 ? bytes : plain(deflateRawSync(bytes, { level }));
      if (packed.length >= bytes.length) packed = bytes;
      const fields = {
        name: new TextEncoder().encode(name),
        method: packed === bytes ? 0 : 8,
        crc: crc32(bytes),
        size: bytes.length,
        packedSize: packed.length,
        offset,
        time: dosTime(modified),
      };
      put(localHeader(fields));
      put(packed);
      directory.push(directoryEntry(fields));
    },
    close() {
      const start = offset;
      for (const entry of directory) put(entry);
      put(endRecords(directory.length, start, offset - start));
    },
  };
}

/** Packs files into an archive in memory. */
export function encodeZip(files: Iterable<ZipInput>): Uint8Array {
  const chunks: Uint8Array[] = [];
  const writer = createZipWriter((chunk) => chunks.push(chunk));
  for (const file of files) writer.add(file);
  writer.close();
  return joinParts(chunks);
}

/** A zip file being written: see {@linkcode createZipFile}. */
export interface ZipFile extends ZipWriter {
  /** Gives up: the partial file is removed. Does nothing after `close`. */
  abort(): void;
}

/** Writes an archive to `path`; it appears there only when `close` has been called, never half-written. */
export function createZipFile(path: string): ZipFile {
  const file = createDurableWriter(path);
  let open = true, pending: Uint8Array[] = [], bytes = 0, written = 0;
  const flush = () => {
    file.put(joinParts(pending), written);
    written += bytes;
    bytes = 0;
    pending = [];
  };
  // Headers are tiny: gathering a mebibyte spares a system call for each.
  const writer = createZipWriter((chunk) => {
    pending.push(chunk);
    bytes += chunk.length;
    if (bytes >= 1 << 20) flush();
  });
  return {
    add: (input) => writer.add(input),
    close() {
      writer.close();
      flush();
      open = false;
      file.finish();
    },
    abort() {
      if (!open) return;
      open = false;
      file.abort();
    },
  };
}

const DIRECTORY = 0x02014b50,
  END64 = 0x06064b50,
  LOCATOR64 = 0x07064b50;
const STRICT_UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const MAX16 = 0xffff, MAX32 = 0xffffffff;

/** V8's optimised code at times takes the length of a longer array for a negative number (seen in V8 15.0). */
const MAX_ARRAY = 2 ** 31 - 1;

/** Characters 128 to 255 of code page 437, the encoding of names not marked as UTF-8 (APPNOTE, appendix D). */
const CP437 =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀" +
  "αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";

function failed(name?: string): string {
  return `Cannot read zip${name === undefined ? "" : ` "${name}"`}`;
}

/** Where the directory is: `at` is the byte behind it, `offset` counts from the archive's start. */
interface DirectoryPlace {
  at: number;
  count: number;
  size: number;
  offset: number;
}

/**
 * Finds the end record: behind it are at most 65,535 bytes of comment, and whatever was put behind the archive. Its zip64
 * form is taken where a field is full.
 */
function findEnd(source: ZipSource): DirectoryPlace {
  const fail = failed(source.name);
  const tailLength = Math.min(source.size, 22 + MAX16);
  const tail = source.read(source.size - tailLength, tailLength);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  const ends: number[] = [];
  for (let at = tailLength - 22; at >= 0; at--) if (view.getUint32(at, true) === END) ends.push(at);
  // One whose comment reaches to the file's end is the archive's own; else the last one that has a directory before it.
  const exact = ends.find((at) => at + 22 + view.getUint16(at + 20, true) === tailLength);
  for (const at of exact === undefined ? ends : [exact]) {
    if (exact === undefined && !hasDirectory(source, source.size - tailLength + at, view, at)) continue;
    const place = source.size - tailLength + at;
    if (view.getUint16(at + 4, true) !== 0 || view.getUint16(at + 6, true) !== 0) {
      throw new SyntaxError(`${fail}: archives split over several disks are not supported`);
    }
    const count = view.getUint16(at + 10, true), size = view.getUint32(at + 12, true);
    const offset = view.getUint32(at + 16, true);
    if (count !== MAX16 && size !== MAX32 && offset !== MAX32) return { at: place, count, size, offset };
    return findEnd64(source, place) ?? { at: place, count, size, offset };
  }
  throw new SyntaxError(`${fail}: no end record, so it is not a zip or its end is missing`);
}

/** Whether a directory ends where an end record begins. */
function hasDirectory(source: ZipSource, place: number, view: DataView, at: number): boolean {
  const count = view.getUint16(at + 10, true), size = view.getUint32(at + 12, true);
  if (count === MAX16 || size === MAX32) return true; // zip64, which is looked at further
  if (count === 0) return size === 0;
  if (size < 46 || size > place) return false;
  const start = source.read(place - size, 4);
  return new DataView(start.buffer, start.byteOffset, 4).getUint32(0, true) === DIRECTORY;
}

function findEnd64(source: ZipSource, end: number): DirectoryPlace | null {
  const fail = failed(source.name);
  if (end < 20) return null;
  const locator = source.read(end - 20, 20);
  const where = new DataView(locator.buffer, locator.byteOffset, 20);
  if (where.getUint32(0, true) !== LOCATOR64) return null;
  const said = big(where, 8, fail);
  // Where bytes were put before the archive, it stands right before its locator.
  const at = isEnd64(source, said, end) ? said : end - 76;
  if (!isEnd64(source, at, end)) {
    throw new SyntaxError(`${fail}: the zip64 end record is not at byte ${said}`);
  }
  const record = source.read(at, 56);
  const view = new DataView(record.buffer, record.byteOffset, 56);
  if (view.getUint32(0, true) !== END64) {
    throw new SyntaxError(`${fail}: the zip64 end record is not at byte ${at}`);
  }
  return { at, count: big(view, 32, fail), size: big(view, 40, fail), offset: big(view, 48, fail) };
}

/** Whether a zip64 end record stands at a place before the locator of the end record at `end`. */
function isEnd64(source: ZipSource, at: number, end: number): boolean {
  if (at < 0 || at + 56 > end - 20) return false;
  const bytes = source.read(at, 4);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true) === END64;
}

/** A 64-bit number that must be exact as a JavaScript number. */
function big(view: DataView, at: number, fail: string): number {
  const value = Number(view.getBigUint64(at, true));
  if (!Number.isSafeInteger(value)) throw new SyntaxError(`${fail}: a 64-bit field is out of range`);
  return value;
}

/** Sizes and place of a directory entry, taken from its zip64 field where the 32-bit ones are full. */
function zip64Fields(
  view: DataView,
  at: number,
  nameLength: number,
  extraLength: number,
  fail: () => string,
) {
  let packedSize = view.getUint32(at + 20, true), size = view.getUint32(at + 24, true);
  let offset = view.getUint32(at + 42, true);
  const end = at + 46 + nameLength + extraLength;
  for (let p = at + 46 + nameLength; p + 4 <= end; p += 4 + view.getUint16(p + 2, true)) {
    if (view.getUint16(p, true) !== 1) continue;
    let q = p + 4;
    const stop = Math.min(end, q + view.getUint16(p + 2, true));
    const take = () => {
      if (q + 8 > stop) throw new SyntaxError(`${fail()}: the zip64 field is cut off`);
      q += 8;
      return big(view, q - 8, fail());
    };
    if (size === MAX32) size = take();
    if (packedSize === MAX32) packedSize = take();
    if (offset === MAX32) offset = take();
    break;
  }
  return { size, packedSize, offset };
}

function decodeName(bytes: Uint8Array, utf8: boolean): string {
  try {
    // Many writers store UTF-8 without the flag; code page 437 is what the rest mean.
    return STRICT_UTF8.decode(bytes);
  } catch {
    if (utf8) return new TextDecoder().decode(bytes);
    return Array.from(bytes, (b) => b < 128 ? String.fromCharCode(b) : CP437[b - 128]).join("");
  }
}

/** A name as it is meant: `/` between its parts, and no `./` before them. */
function tidyName(name: string): string {
  return name.replaceAll("\\", "/").replace(/^(\.\/)+/, "");
}

/** Refuses a name that could mean a place outside the folder it is joined to, on any system. */
function checkName(name: string, fail: () => string): void {
  // An absolute name, an empty part, "." or "..", a drive; what Windows takes for "/"; what a terminal would obey.
  // deno-lint-ignore no-control-regex -- control characters are what is looked for
  const unsafe = /^\/|\/\/|(^|\/)\.\.?(\/|$)|^[A-Za-z]:|[\\\u0000-\u001f\u007f]/;
  if (name === "" || name.length > 4096 || unsafe.test(name)) throw new SyntaxError(`${fail()}: unsafe name`);
}

function inflate(packed: Uint8Array, entry: ZipEntry, fail: string): Uint8Array {
  try {
    // One byte past the announced size is enough to know that it lies.
    const chunkSize = Math.max(64, entry.size + 1); // in one piece, as to join many takes the memory twice
    return plain(inflateRawSync(packed, { maxOutputLength: entry.size + 1, chunkSize }));
  } catch (error) {
    if ((error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") {
      throw new SyntaxError(`${fail}: expected ${entry.size} bytes, it unpacks to more`);
    }
    throw new SyntaxError(`${fail}: ${(error as Error).message}`, { cause: error });
  }
}

/** Makes the folders of an entry one by one and refuses to walk through a link. */
async function makeInside(root: string, name: string, archive: string): Promise<void> {
  let folder = root;
  for (const part of name.split("/").slice(0, -1)) {
    folder = join(folder, part);
    const info = await Deno.lstat(folder).catch(() => null);
    if (info === null) await Deno.mkdir(folder);
    else if (!info.isDirectory) {
      throw new SyntaxError(
        `${failed(archive)} at entry ${JSON.stringify(name)}: "${folder}" is not a folder`,
      );
    }
  }
}

interface EntryFields {
  name: Uint8Array;
  method: number;
  crc: number;
  size: number;
  packedSize: number;
  offset: number;
  time: number;
}

/** MS-DOS date and time in two-second steps, as one number; local time, as the format has it. */
function dosTime(when?: Date): number {
  if (!when || when.getFullYear() < 1980) return 0x00210000; // 1980-01-01 00:00
  if (when.getFullYear() > 2107) return 0xff9fbf7d; // 2107-12-31 23:59:58: there are seven bits for the year
  const date = ((when.getFullYear() - 1980) << 9) | ((when.getMonth() + 1) << 5) | when.getDate();
  return ((date << 16) | (when.getHours() << 11) | (when.getMinutes() << 5) | (when.getSeconds() >> 1)) >>> 0;
}

function localHeader(f: EntryFields): Uint8Array {
  const out = new Uint8Array(30 + f.name.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, LOCAL, true);
  common(view, 4, f);
  out.set(f.name, 30);
  return out;
}

function directoryEntry(f: EntryFields): Uint8Array {
  const wide = f.offset >= MAX32, extraLength = wide ? 12 : 0;
  const out = new Uint8Array(46 + f.name.length + extraLength);
  const view = new DataView(out.buffer);
  view.setUint32(0, DIRECTORY, true);
  view.setUint16(4, (3 << 8) | 45, true); // written by a Unix-like system
  common(view, 6, f, wide);
  view.setUint16(30, extraLength, true);
  view.setUint32(38, 0o100644 * 65536, true);
  view.setUint32(42, Math.min(f.offset, MAX32), true);
  out.set(f.name, 46);
  if (wide) {
    view.setUint16(46 + f.name.length, 1, true);
    view.setUint16(48 + f.name.length, 8, true);
    view.setBigUint64(50 + f.name.length, BigInt(f.offset), true);
  }
  return out;
}

/** The fields that a local header and a directory entry share, from "version needed" to the name's length. */
function common(view: DataView, at: number, f: EntryFields, wide = false): void {
  view.setUint16(at, wide ? 45 : 20, true);
  view.setUint16(at + 2, 0x800, true); // the name is UTF-8
  view.setUint16(at + 4, f.method, true);
  view.setUint32(at + 6, f.time, true);
  view.setUint32(at + 10, f.crc, true);
  view.setUint32(at + 14, f.packedSize, true);
  view.setUint32(at + 18, f.size, true);
  view.setUint16(at + 22, f.name.length, true);
}

function endRecords(count: number, offset: number, size: number): Uint8Array {
  const wide = count >= MAX16 || offset >= MAX32 || size >= MAX32;
  const out = new Uint8Array((wide ? 76 : 0) + 22);
  const view = new DataView(out.buffer);
  if (wide) {
    view.setUint32(0, END64, true);
    view.setBigUint64(4, 44n, true);
    view.setUint16(12, (3 << 8) | 45, true);
    view.setUint16(14, 45, true);
    view.setBigUint64(24, BigInt(count), true);
    view.setBigUint64(32, BigInt(count), true);
    view.setBigUint64(40, BigInt(size), true);
    view.setBigUint64(48, BigInt(offset), true);
    view.setUint32(56, LOCATOR64, true);
    view.setBigUint64(64, BigInt(offset + size), true);
    view.setUint32(72, 1, true);
  }
  const at = out.length - 22;
  view.setUint32(at, END, true);
  view.setUint16(at + 8, Math.min(count, MAX16), true);
  view.setUint16(at + 10, Math.min(count, MAX16), true);
  view.setUint32(at + 12, Math.min(size, MAX32), true);
  view.setUint32(at + 16, Math.min(offset, MAX32), true);
  return out;
}
