/** A zip of pictures that need no unpacking. @module */
import { isPng, isZip } from "../io/signatures.ts";
import {
  isHiddenEntry,
  listZip,
  peekStoredEntry,
  readZipEntry,
  zipBytes,
  type ZipEntry,
  type ZipSource,
} from "../io/zip.ts";
import { type ExampleOptions, type Found, inputsOf, pageOf, takesPicture } from "./found.ts";

/** A picture in an archive, read and checked when its bytes are asked for. */
class StoredPicture {
  constructor(readonly name: string, readonly zip: ZipSource, readonly entry: ZipEntry) {}

  /** @throws {SyntaxError} If the data disagree with the archive's directory. */
  get png(): Uint8Array {
    return readZipEntry(this.zip, this.entry);
  }
}

/**
 * A zip of PNGs that are stored, as most programs put into archives what is packed already: nothing is unpacked or copied,
 * so that no thread is needed to keep it from doing harm, and each picture's checksum is looked at when its turn comes.
 *
 * @returns Undefined for any other file or model, and for an archive that holds anything else.
 * @throws {SyntaxError | RangeError} As `listZip`.
 */
export function storedPictures(bytes: Uint8Array, options: ExampleOptions = {}): Found[] | undefined {
  const { name = "file", maxExamples = 4096, maxBytes = 1 << 28, unpack = false } = options;
  if (!takesPicture(inputsOf(options)) || unpack || !isZip(bytes)) return undefined;
  const zip = zipBytes(bytes, name);
  const entries = listZip(zip, { maxEntries: maxExamples, maxEntryBytes: maxBytes, maxTotalBytes: maxBytes })
    .filter((entry) => !isHiddenEntry(entry.name));
  const isStored = entries.every((entry) => {
    const start = peekStoredEntry(zip, entry, 8);
    return start !== undefined && isPng(start);
  });
  if (!isStored || entries.length === 0) return undefined;
  return pageOf(entries.map((entry) => new StoredPicture(`${name}/${entry.name}`, zip, entry)), options);
}
