/**
 * The one registry of formats: what a file is, by its content and never by its name, and how it becomes arrays.
 *
 * This takes the place of two sniffers: `imageFormat` of decode_image.ts and `kindOfFile` of the score room. Whoever wants
 * pictures (score, events, HTTP) asks `openFrames` of frames.ts; whoever wants arrays (own data, HDF5, ROOT) asks
 * {@linkcode openFile}. A new format is a file in this room, an entry here and one in `signatures.ts`.
 * @module
 */
import type { ByteSource } from "./byte_source.ts";
import { type FileArray, heldArray } from "./file_array.ts";
import { type Image, MAX_PIXELS } from "./image.ts";
import { openSource } from "./open_source.ts";
import { HEAD_BYTES, isGzip, SIGNATURES, TAIL_BYTES } from "./signatures.ts";

/** The formats that are read. */
export type FormatName = keyof typeof SIGNATURES;

/** Limits, checked before anything is allocated, and the name for messages. */
export interface OpenOptions {
  /** File name for messages and results. */
  name?: string;
  /** Most pixels of a picture. @default {67_108_864} */
  maxPixels?: number;
  /** Most bytes that are unpacked or held at once. @default {1_073_741_824} */
  maxBytes?: number;
  /** Most members of an archive. @default {1_000_000} */
  maxMembers?: number;
}

/** A file inside an archive. */
export interface Member {
  /** Its path in the archive. */
  readonly name: string;
  /** Its unpacked bytes. */
  readonly size: number;
  /** Unpacks it, checked against its size and CRC-32. */
  bytes(): Promise<Uint8Array>;
}

/** An open file. */
export interface OpenedFile {
  /** Which format it is of. */
  readonly format: FormatName;
  /** What error messages call it. */
  readonly name: string;
  /** Its arrays, in the file's order; of an archive none, unless it is a .npz. */
  readonly arrays: readonly FileArray[];
  /** Of an archive that is no .npz: its files. */
  readonly members?: readonly Member[];
  /** Of an archive: the folders that it names and that hold nothing, each with a slash at its end. */
  readonly emptyFolders?: readonly string[];
  /** What a user should know although the file was read. */
  readonly warnings: readonly string[];
  /** Lets go of the file. */
  close(): void;
}

/** A format: how it is recognised and opened. */
export interface Format {
  /** What it is called here. */
  readonly name: FormatName;
  /** As a user calls it. */
  readonly title: string;
  /**
   * Whether a file is of this format.
   *
   * @param head Its first 4,096 bytes, or all of it.
   * @param tail Its last 66,000 bytes, where they are at hand.
   */
  sniff(head: Uint8Array, tail?: Uint8Array): boolean;
  /** Opens it; errors name the file. */
  open(source: ByteSource, options: Required<OpenOptions>): Promise<OpenedFile>;
}

/** What a format is called by users, and how it is opened; decoders that take long to load are loaded by the first file. */
const OPENERS: Readonly<Record<FormatName, Pick<Format, "title" | "open">>> = {
  png: {
    title: "PNG",
    open: (source, options) =>
      openPicture(
        "png",
        source,
        options,
        async (bytes) => (await import("./png.ts")).decodePng(bytes, options),
      ),
  },
  jpeg: {
    title: "JPEG",
    open: (source, options) =>
      openPicture(
        "jpeg",
        source,
        options,
        async (bytes) => (await import("./jpeg.ts")).decodeJpeg(bytes, options),
      ),
  },
  tiff: { title: "TIFF", open: openTiffFile },
  fits: { title: "FITS", open: openFitsFile },
  npy: {
    title: ".npy",
    async open(source, options) {
      const { openNpy } = await import("./npy.ts");
      return opened("npy", source, [await openNpy(source, options)]);
    },
  },
  idx: {
    title: "idx",
    async open(source, options) {
      const { decodeIdx } = await import("./idx.ts");
      return opened("idx", source, [heldArray("", decodeIdx(await whole(source, options), options))]);
    },
  },
  hdf5: { title: "HDF5", open: openHdf5File },
  root: { title: "ROOT", open: openRootFile },
  zip: { title: "zip", open: openZip },
  gzip: {
    title: "gzip",
    async open(source, options) {
      const { decodeGzip } = await import("./gzip.ts");
      const inner = decodeGzip(await whole(source, options), options);
      if (isGzip(inner)) throw new TypeError(`Cannot open "${options.name}" as it is a gzip of a gzip`);
      return await openFile(inner, { ...options, name: options.name.replace(/\.gz$/i, "") });
    },
  },
};

/** All formats, in the order in which files are asked for them. */
export const FORMATS: readonly Format[] = (Object.keys(SIGNATURES) as FormatName[]).map((name) => ({
  name,
  sniff: SIGNATURES[name],
  ...OPENERS[name],
}));

/**
 * What a file is, by its content.
 *
 * @param bytes The whole file, or its first 4,096 bytes.
 * @returns Undefined if it is of none of {@linkcode FORMATS}.
 * @example
 * ```ts
 * sniffFormat(new TextEncoder().encode("\u0089PNG\r\n"))?.name; // undefined
 * sniffFormat(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0))?.name; // "jpeg"
 * ```
 */
export function sniffFormat(
  bytes: Uint8Array,
  tail: Uint8Array = bytes.subarray(-TAIL_BYTES),
): Format | undefined {
  const head = bytes.subarray(0, HEAD_BYTES);
  return FORMATS.find((format) => format.sniff(head)) ?? FORMATS.find((format) => format.sniff(head, tail));
}

/**
 * Opens a file of any format that is read.
 *
 * @param place A path, an address, bytes, or a source.
 * @throws {TypeError} If it is of no format that is read.
 * @throws {SyntaxError} If the file is damaged.
 * @throws {RangeError} If it passes a limit.
 * @example
 * ```ts
 * import { encodeNpy } from "./npy.ts";
 * const file = await openFile(encodeNpy({ data: Uint8Array.of(1, 2, 3), shape: [3] }));
 * file.format; // "npy"
 * (await file.arrays[0].read([1, 3])).data; // 2, 3
 * ```
 */
export async function openFile(
  place: string | URL | Uint8Array | ByteSource,
  options: OpenOptions = {},
): Promise<OpenedFile> {
  const source = await openSource(place, { name: options.name });
  const { name = source.name, maxPixels = MAX_PIXELS, maxBytes = 2 ** 30, maxMembers = 1_000_000 } = options;
  try {
    const head = await source.read(0, Math.min(HEAD_BYTES, source.size));
    let format = sniffFormat(head, new Uint8Array(0));
    if (!format) {
      const length = Math.min(TAIL_BYTES, source.size);
      format = sniffFormat(head, await source.read(source.size - length, length));
    }
    if (!format) {
      const known = FORMATS.map(({ title }) => title).join(", ");
      throw new TypeError(`Cannot open "${name}" as its content is of no format that is read: ${known}`);
    }
    return await format.open(source, { name, maxPixels, maxBytes, maxMembers });
  } catch (error) {
    source.close?.();
    throw error;
  }
}

/** All bytes of a source whose format is read whole. */
async function whole(source: ByteSource, { name, maxBytes }: Required<OpenOptions>): Promise<Uint8Array> {
  if (source.size > maxBytes) {
    throw new RangeError(
      `Cannot open "${name}" as it may have at most ${maxBytes} bytes: it has ${source.size}`,
    );
  }
  return await source.read(0, source.size);
}

function opened(
  format: FormatName,
  source: ByteSource,
  arrays: FileArray[],
  warnings: readonly string[] = [],
): OpenedFile {
  return { format, name: source.name, arrays, warnings, close: () => source.close?.() };
}

async function openPicture(
  format: FormatName,
  source: ByteSource,
  options: Required<OpenOptions>,
  decode: (bytes: Uint8Array) => Promise<Image>,
): Promise<OpenedFile> {
  const { data, height, width, channels, white, warnings } = await decode(await whole(source, options));
  const array = heldArray("", { data, shape: [height, width, channels] }, true, white);
  return opened(format, source, [array], warnings);
}

/** Every page of a stack, decoded when it is asked for; smaller copies of a page are left out. */
async function openTiffFile(source: ByteSource, options: Required<OpenOptions>): Promise<OpenedFile> {
  const { decodeTiffArray, listTiffPages } = await import("./tiff.ts");
  const bytes = await whole(source, options), all = listTiffPages(bytes, options);
  const readable = all.filter(({ fault }) => fault === undefined);
  if (readable.length === 0) decodeTiffArray(bytes, options); // says why
  const full = readable.filter(({ isReduced }) => !isReduced), pages = full.length > 0 ? full : readable;
  const arrays = pages.map(({ page, height, width, channels, dtype, white }): FileArray => {
    const shape = [height, width, channels];
    const read: FileArray["read"] = async (rows) =>
      await heldArray("", decodeTiffArray(bytes, { ...options, page })).read(rows);
    return { name: all.length > 1 ? String(page) : "", shape, dtype, isPicture: true, white, read };
  });
  const warnings = all.flatMap(({ page, fault }) => fault ? [`Page ${page} was left out. ${fault}`] : []);
  const left = readable.length - pages.length;
  if (left > 0) warnings.push(`${left} smaller copies of pages of "${options.name}" were left out`);
  return opened("tiff", source, arrays, warnings);
}

async function openFitsFile(source: ByteSource, options: Required<OpenOptions>): Promise<OpenedFile> {
  const { readFits } = await import("./fits.ts");
  const { images, faults } = readFits(await whole(source, options), options);
  if (images.length === 0 && faults.length > 0) throw faults[0];
  const arrays = images.map((image, i) => heldArray(image.name || String(i), image));
  return opened("fits", source, arrays, faults.map((fault) => `An image was left out. ${fault.message}`));
}

async function openHdf5File(source: ByteSource, options: Required<OpenOptions>): Promise<OpenedFile> {
  const { openHdf5 } = await import("./hdf5.ts");
  const { name, maxBytes } = options, file = await openHdf5(source, { name });
  const arrays: FileArray[] = [];
  for (const path of await file.datasets()) {
    const { shape, dtype } = await file.info(path);
    const read: FileArray["read"] = async (rows) => {
      const { data, shape } = await file.read(path, { rows, maxBytes });
      return { data, shape };
    };
    if (dtype) arrays.push({ name: path, shape, dtype, isPicture: false, read });
  }
  return { format: "hdf5", name, arrays, warnings: [], close: file.close };
}

/** Branches with one value or a fixed array an entry, named by tree and branch; lists of any length are for root.ts. */
async function openRootFile(source: ByteSource, options: Required<OpenOptions>): Promise<OpenedFile> {
  const { openRoot } = await import("./root.ts");
  const { name, maxBytes } = options, file = await openRoot(source, { name });
  const arrays: FileArray[] = [];
  let left = 0;
  for (const path of file.trees) {
    const tree = await file.tree(path);
    for (const { name: branch, kind, dtype, shape } of tree.branches) {
      if (kind !== "fixed" || !dtype) {
        left++;
        continue;
      }
      const read: FileArray["read"] = async ([first, end] = [0, tree.entries]) => {
        const { [branch]: { data } } = await tree.read([branch], { entries: [first, end], maxBytes });
        return { data, shape: [end - first, ...shape] };
      };
      arrays.push({
        name: `${path}/${branch}`,
        shape: [tree.entries, ...shape],
        dtype,
        isPicture: false,
        read,
      });
    }
  }
  const warnings = left > 0
    ? [`${left} branches of "${name}" are lists, texts or objects and were left out`]
    : [];
  return { format: "root", name, arrays, warnings, close: file.close };
}

/** The folders that an entry lies in, each with the slash at its end. */
function foldersOf(entry: string): string[] {
  return [...entry.matchAll(/\//g)].map(({ index }) => entry.slice(0, index + 1));
}

/** A .npz, all of whose entries are .npy, is arrays; every other archive is members. */
async function openZip(source: ByteSource, options: Required<OpenOptions>): Promise<OpenedFile> {
  const { isHiddenEntry, listZip, readZipEntry, zipBytes } = await import("./zip.ts");
  const { name, maxBytes, maxMembers } = options;
  const zip = zipBytes(await whole(source, options), name);
  const folders: string[] = [];
  const entries = listZip(zip, {
    maxEntries: maxMembers,
    maxEntryBytes: maxBytes,
    maxTotalBytes: maxBytes,
    onFolder: (folder) => folders.push(folder),
  }).filter((entry) => !isHiddenEntry(entry.name));
  const isNpz = entries.length > 0 && entries.every((entry) => entry.name.endsWith(".npy"));
  if (!isNpz) {
    const members = entries.map((entry): Member => ({
      name: entry.name,
      size: entry.size,
      bytes: () => Promise.try(readZipEntry, zip, entry),
    }));
    const holding = new Set(entries.flatMap(({ name }) => foldersOf(name)));
    const emptyFolders = folders.filter((folder) => !isHiddenEntry(folder) && !holding.has(folder));
    const close = () => source.close?.();
    return { format: "zip", name, arrays: [], members, emptyFolders, warnings: [], close };
  }
  const { decodeNpy } = await import("./npy.ts");
  const arrays = entries.map((entry) => {
    const inner = `${name}/${entry.name}`;
    return heldArray(
      entry.name.replace(/\.npy$/, ""),
      decodeNpy(readZipEntry(zip, entry), { name: inner, maxBytes }),
    );
  });
  return opened("zip", source, arrays);
}
