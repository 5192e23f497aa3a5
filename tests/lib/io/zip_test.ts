import { join } from "@std/path";
import { assert, assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import {
  createZipFile,
  createZipWriter,
  decodeZip,
  encodeZip,
  extractZip,
  isHiddenEntry,
  listZip,
  openZipEntry,
  openZipFile,
  readZipEntry,
  zipBytes,
} from "../../../lib/io/zip.ts";
import { base64, joined, patched, text } from "./_bytes.ts";

const HELLO = encodeZip([{ name: "a/hello.txt", bytes: text("hello") }, {
  name: "b.bin",
  bytes: new Uint8Array(999),
  level: 6,
}]);

/** Where the directory of a small archive starts: its end record has no comment. */
const directoryAt = (zip: Uint8Array) =>
  new DataView(zip.buffer, zip.byteOffset).getUint32(zip.length - 6, true);

/** The first entry of an archive under another name of the same length, in both headers. */
function renamed(zip: Uint8Array, name: string): Uint8Array {
  const copy = zip.slice();
  copy.set(text(name), 30);
  copy.set(text(name), directoryAt(zip) + 46);
  return copy;
}

Deno.test("encodeZip() and decodeZip() keep names and bytes, stored and deflated", () => {
  const files = decodeZip(HELLO);
  assertEquals([...files.keys()], ["a/hello.txt", "b.bin"]);
  assertEquals(files.get("a/hello.txt"), text("hello"));
  assertEquals(files.get("b.bin"), new Uint8Array(999));
  assert(HELLO.length < 400, "b.bin is deflated");
  assertEquals(encodeZip([{ name: "x", bytes: text("y") }]), encodeZip([{ name: "x", bytes: text("y") }]));
});

Deno.test("decodeZip() reads what Python streams: data descriptor, deflate, UTF-8 name", () => {
  const files = decodeZip(base64(PYTHON_STREAMED));
  assertEquals([...files], [["µ.txt", text("mu".repeat(20))]]);
});

// Python 3.11, W being an io.RawIOBase that cannot seek:
//   z = zipfile.ZipFile(W(), "w", zipfile.ZIP_DEFLATED); z.writestr("\u00b5.txt", "mu" * 20); z.close()
const PYTHON_STREAMED =
  "UEsDBBQACAgIAAAAISgAAAAAAAAAAAAAAAAGAAAAwrUudHh0yy3NJQoCAFBLBwgoJFdXBwAAACgAAABQSwECFAMUAAgICAAAACEoKCRXVwcAAAAoAAAABgAAAAAAAAAAAAAAgAEAAAAAwrUudHh0UEsFBgAAAAABAAEANAAAADsAAAAAAA==";

Deno.test("readZipEntry() reads single entries of a file that is never loaded whole", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const path = join(folder, "big.zip"), zip = createZipFile(path);
    for (let i = 0; i < 3000; i++) zip.add({ name: `run/${i}.bin`, bytes: Uint8Array.of(i & 255, i >> 8) });
    assertThrows(() => Deno.statSync(path), Deno.errors.NotFound);
    zip.close();
    const source = openZipFile(path);
    const entries = listZip(source);
    assertEquals(entries.length, 3000);
    assertEquals(entries[2999].name, "run/2999.bin");
    assertEquals(readZipEntry(source, structuredClone(entries[2999])), Uint8Array.of(2999 & 255, 2999 >> 8));
    source.close();
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("createZipFile() leaves nothing behind when aborted", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const zip = createZipFile(join(folder, "a.zip"));
    zip.add({ name: "x", bytes: text("y") });
    zip.abort();
    assertEquals([...Deno.readDirSync(folder)], []);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("encodeZip() goes over to zip64 past 65,535 entries", () => {
  const bytes = new Uint8Array(0);
  const zip = encodeZip(Array.from({ length: 65_600 }, (_, i) => ({ name: i.toString(36), bytes })));
  const entries = listZip(zipBytes(zip));
  assertEquals(entries.length, 65_600);
  assertEquals(entries[65_599].name, (65_599).toString(36));
});

Deno.test("createZipWriter() and listZip() reach beyond 4 GiB", () => {
  // The first entries' data are never kept: a source answers zeros there, so no 5 GiB are needed.
  const chunks: Uint8Array[] = [], big = 2 ** 30, names = ["a", "b", "c", "d", "e"];
  const writer = createZipWriter((chunk) => chunks.push(chunk.length === big ? new Uint8Array(0) : chunk));
  const zeros = new Uint8Array(big);
  for (const name of names) writer.add({ name, bytes: zeros });
  writer.add({ name: "last", bytes: text("end") });
  writer.close();
  const places: { start: number; chunk: Uint8Array }[] = [];
  let size = 0, data = 0;
  for (const chunk of chunks) {
    places.push({ start: size, chunk });
    size += chunk.length === 0 && data++ < names.length ? big : chunk.length;
  }
  const source = {
    size,
    close() {},
    read(offset: number, length: number) {
      const out = new Uint8Array(length);
      for (const { start, chunk } of places) {
        const from = Math.max(offset, start), to = Math.min(offset + length, start + chunk.length);
        if (from < to) out.set(chunk.subarray(from - start, to - start), from - offset);
      }
      return out;
    },
  };
  const entries = listZip(source, { maxEntryBytes: 2 ** 32 });
  assertEquals(entries.map((entry) => entry.name), [...names, "last"]);
  assert(entries[5].offset > 2 ** 32, "the last entry lies beyond 4 GiB");
  assertEquals(readZipEntry(source, entries[5]), text("end"));
});

Deno.test("createZipWriter() refuses an entry of 2 GiB, after many small ones too", () => {
  const writer = createZipWriter(() => {}), empty = new Uint8Array(0);
  for (let i = 0; i < 20_000; i++) writer.add({ name: String(i), bytes: empty }); // V8 has compiled it by now
  assertThrows(
    () => writer.add({ name: "a", bytes: new Uint8Array(2 ** 31) }),
    RangeError,
    "at most 2147483647",
  );
});

Deno.test("listZip() refuses names that leave the folder", () => {
  const zip = encodeZip([{ name: "0123456789", bytes: text("x") }]);
  for (
    const name of [
      "../../evil",
      "/etc/passw",
      "a/../../ev",
      "C:\\windows",
      "C:/windows",
      "..\\..\\evi",
      "a//b/c/d/e",
      "a/./bcdefg",
      "a\u0000bcdefgh",
    ]
  ) {
    assertThrows(() => listZip(zipBytes(renamed(zip, name))), SyntaxError, "unsafe name");
  }
  assertThrows(() => encodeZip([{ name: "../x", bytes: text("x") }]), TypeError, "unsafe name");
});

Deno.test("listZip() refuses links, encryption, unknown methods and names that occur twice", () => {
  const at = directoryAt(HELLO);
  assertThrows(
    () => listZip(zipBytes(patched(HELLO, at + 40, 0xff, 0xa1))),
    SyntaxError,
    "links and devices are refused",
  );
  assertThrows(
    () => listZip(zipBytes(patched(HELLO, at + 8, 1))),
    SyntaxError,
    "encrypted entries are refused",
  );
  assertThrows(() => listZip(zipBytes(patched(HELLO, at + 10, 12))), SyntaxError, "found 12");
  const twice = encodeZip([{ name: "a", bytes: text("1") }, { name: "b", bytes: text("2") }]);
  assertThrows(
    () => listZip(zipBytes(patched(twice, directoryAt(twice) + 47 + 46, 97))),
    SyntaxError,
    "occurs twice",
  );
  assertThrows(
    () => encodeZip([{ name: "a", bytes: text("1") }, { name: "a", bytes: text("2") }]),
    TypeError,
    "twice",
  );
});

Deno.test("listZip() refuses entries that overlap, the trick of the best zip bombs", () => {
  const zip = encodeZip([{ name: "a", bytes: text("1") }, { name: "b", bytes: text("2") }]);
  const second = directoryAt(zip) + 47;
  assertThrows(
    () => listZip(zipBytes(patched(zip, second + 42, 0, 0, 0, 0))),
    SyntaxError,
    'it overlaps entry "b"',
  );
  const entry = listZip(zipBytes(zip))[0];
  // The local header's extra field is only seen when the entry is read.
  assertThrows(
    () => readZipEntry(zipBytes(patched(zip, 28, 40)), entry),
    SyntaxError,
    "it overlaps what follows",
  );
});

Deno.test("openZipEntry() reads a stored entry where it lies, unpacks another, and checks both", () => {
  const bytes = Uint8Array.from({ length: 3 << 20 }, (_, i) => i * i);
  const zip = encodeZip([{ name: "stored", bytes, level: 0 }, { name: "packed", bytes, level: 6 }]);
  const source = zipBytes(zip), [stored, packed] = listZip(source);
  assertEquals([stored.method, packed.method], [0, 8]);
  for (const entry of [stored, packed]) {
    const inner = openZipEntry(source, entry);
    assertEquals([inner.size, inner.name], [bytes.length, entry.name]);
    assertEquals(inner.read(2_000_001, 5), bytes.subarray(2_000_001, 2_000_006));
    assertThrows(() => inner.read(bytes.length - 2, 3), SyntaxError, `ends at byte ${bytes.length}`);
  }
  assertEquals(openZipEntry(source, stored).read(0, 3).buffer, zip.buffer, "no copy");
  const turned = zip.slice();
  turned[2_500_000] ^= 1;
  assertThrows(() => openZipEntry(zipBytes(turned), stored), SyntaxError, "the CRC-32 differs");
});

Deno.test("listZip() holds the limits on entries, bytes, totals and ratio", () => {
  const zip = encodeZip([
    { name: "a", bytes: new Uint8Array(4 << 20), level: 9 },
    { name: "b", bytes: new Uint8Array(100) },
  ]);
  const list = (limits: Parameters<typeof listZip>[1]) => () => listZip(zipBytes(zip), limits);
  assertEquals(list({})().length, 2);
  assertThrows(list({ maxEntries: 1 }), RangeError, "at most 1 entries: it has 2");
  assertThrows(list({ maxEntryBytes: 1 << 20 }), RangeError, "at most 1048576 bytes: it has 4194304");
  assertThrows(list({ maxTotalBytes: 4 << 20 }), RangeError, "all entries");
  assertThrows(list({ maxRatio: 100 }), RangeError, "beyond 1 to 100");
});

Deno.test("readZipEntry() counts the real output, whatever the headers announce", () => {
  const zip = encodeZip([{ name: "a", bytes: new Uint8Array(1 << 20), level: 9 }]);
  const at = directoryAt(zip);
  const small = patched(zip, at + 24, 10, 0, 0, 0), large = patched(zip, at + 24, 1, 0, 16, 0);
  assertThrows(() => decodeZip(small), SyntaxError, "expected 10 bytes, it unpacks to more");
  assertThrows(() => decodeZip(large), SyntaxError, "expected 1048577 bytes, it unpacks to 1048576");
});

Deno.test("decodeZip() refuses damage: CRC-32, methods that disagree, deflate data", () => {
  assertThrows(() => decodeZip(patched(HELLO, 41, 72)), SyntaxError, "the CRC-32 differs");
  assertThrows(
    () => decodeZip(patched(HELLO, 8, 8)),
    SyntaxError,
    "the local header says method 8, the directory 0",
  );
  assertThrows(() => decodeZip(patched(HELLO, 0, 0)), SyntaxError, "expected a local header at byte 0");
  const entry = listZip(zipBytes(HELLO))[1];
  assertThrows(() => decodeZip(patched(HELLO, entry.offset + 35, 255, 255)), SyntaxError, 'at entry "b.bin"');
});

Deno.test("decodeZip() refuses every truncation of an archive", () => {
  for (let length = 0; length < HELLO.length; length++) {
    assertThrows(() => decodeZip(HELLO.subarray(0, length)), SyntaxError, "Cannot read zip");
  }
  assertThrows(
    () => decodeZip(text("not a zip at all, but long enough"), { name: "x.zip" }),
    SyntaxError,
    'zip "x.zip"',
  );
});

Deno.test("decodeZip() never does worse than an error on any single damaged byte", () => {
  for (let at = 0; at < HELLO.length; at++) {
    for (const flip of [1, 0x80, 0xff]) {
      try {
        decodeZip(patched(HELLO, at, HELLO[at] ^ flip));
      } catch (error) {
        assert(error instanceof SyntaxError || error instanceof RangeError, `byte ${at}: ${error}`);
      }
    }
  }
});

Deno.test("extractZip() never overwrites, refuses unsafe archives whole and writes nothing through a link", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "a.zip"), out = join(folder, "out");
    await Deno.writeFile(path, HELLO);
    assertEquals(await extractZip(path, out), { written: 2, kept: 0 });
    await Deno.writeTextFile(join(out, "a", "hello.txt"), "mine");
    await Deno.remove(join(out, "b.bin"));
    const seen: [string, boolean, number, number][] = [];
    const options = {
      onEntry: (e: { name: string }, w: boolean, n: number, of: number) => seen.push([e.name, w, n, of]),
    };
    assertEquals(await extractZip(path, out, options), { written: 1, kept: 1 });
    assertEquals(seen, [["a/hello.txt", false, 1, 2], ["b.bin", true, 2, 2]]);
    assertEquals(await Deno.readTextFile(join(out, "a", "hello.txt")), "mine");

    const unsafe = encodeZip([{ name: "fine", bytes: text("x") }, { name: "0123456789", bytes: text("x") }]);
    const at = directoryAt(unsafe) + 46 + 4;
    await Deno.writeFile(path, patched(unsafe, at + 46, ...text("../../evil")));
    await assertRejects(() => extractZip(path, join(folder, "none")), SyntaxError, "unsafe name");
    await assertRejects(() => Deno.stat(join(folder, "none")), Deno.errors.NotFound);

    await Deno.mkdir(join(folder, "linked"));
    await Deno.mkdir(join(folder, "elsewhere"));
    await Deno.symlink(join(folder, "elsewhere"), join(folder, "linked", "a"));
    await Deno.writeFile(path, HELLO);
    await assertRejects(() => extractZip(path, join(folder, "linked")), SyntaxError, "is not a folder");
    assertEquals([...Deno.readDirSync(join(folder, "elsewhere"))], []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("listZip() passes over bytes before and behind an archive, zip64 too", () => {
  const zip = encodeZip([{ name: "a/b.txt", bytes: text("hello") }, {
    name: "c",
    bytes: text("x".repeat(99)),
    level: 6,
  }]);
  const many = encodeZip(
    Array.from({ length: 70_000 }, (_, i) => ({ name: String(i), bytes: text(String(i)) })),
  );
  const junk = joined(text("#!/bin/sh\nPK\x03\x04 not an archive\n"), new Uint8Array(1000));
  for (
    const [before, behind] of [[junk, []], [[], text("\r\n<html>")], [junk, junk], [
      [],
      new Uint8Array(60_000),
    ]]
  ) {
    const source = zipBytes(joined(before, zip, behind));
    const entries = listZip(source);
    assertEquals(entries.map(({ name }) => name), ["a/b.txt", "c"]);
    assertEquals(readZipEntry(source, entries[0]), text("hello"));
    assertEquals(readZipEntry(source, entries[1]), text("x".repeat(99)));
    assertEquals(listZip(zipBytes(joined(before, encodeZip([]), behind))), []);
  }
  const moved = zipBytes(joined(junk, many));
  const last = listZip(moved).at(-1)!;
  assertEquals([last.name, readZipEntry(moved, last)], ["69999", text("69999")]);
});

Deno.test("listZip() takes names as they are meant: ./ before them, backslashes, and what systems leave is told", () => {
  const zip = encodeZip([{ name: "0123456789", bytes: text("x") }]);
  const named = (name: string) => listZip(zipBytes(renamed(zip, name))).map((entry) => entry.name);
  assertEquals(named("./abcdefgh"), ["abcdefgh"]);
  assertEquals(named("er\\1keV\\7."), ["er/1keV/7."]);
  assertEquals(named(".\\abcdefgh"), ["abcdefgh"]);
  for (const name of ["__MACOSX/a/._1.png", "a/._b", ".DS_Store", "a/.hidden/b"]) {
    assert(isHiddenEntry(name), name);
  }
  for (const name of ["a.b", "a/b._c", "MACOSX/a", "my__MACOSX.png"]) assert(!isHiddenEntry(name), name);
});

/** Date and time of the first entry of an archive, read as APPNOTE 4.4.6 says, from both of its headers. */
function timesOf(zip: Uint8Array): number[][] {
  const view = new DataView(zip.buffer, zip.byteOffset);
  return [10, directoryAt(zip) + 12].map((at) => {
    const time = view.getUint16(at, true), date = view.getUint16(at + 2, true);
    const day = [(date >> 9) + 1980, (date >> 5) & 15, date & 31];
    return [...day, time >> 11, (time >> 5) & 63, 2 * (time & 31)];
  });
}

Deno.test("encodeZip() writes local time in steps of two seconds, the ends of 1980 to 2107 for what is beyond", () => {
  const at = (modified?: Date) => timesOf(encodeZip([{ name: "a", bytes: text("x"), modified }]));
  const local = [2026, 11, 27, 23, 58, 58];
  assertEquals(at(new Date(2026, 10, 27, 23, 58, 59)), [local, local]);
  assertEquals(at(new Date(1980, 0, 1, 0, 0, 2))[0], [1980, 1, 1, 0, 0, 2]);
  assertEquals(at(new Date(2107, 11, 31, 1, 2, 3))[0], [2107, 12, 31, 1, 2, 2]);
  assertEquals(at(new Date(2108, 0, 1))[0], [2107, 12, 31, 23, 59, 58]);
  for (const none of [undefined, new Date(1979, 11, 31)]) assertEquals(at(none)[0], [1980, 1, 1, 0, 0, 0]);
});

Deno.test("listZip() takes what a Unix system marks as a file or a folder, whoever may run it, and nothing else", () => {
  const zip = encodeZip([{ name: "a", bytes: text("x") }]), at = directoryAt(zip);
  const withMode = (mode: number, madeBy = 3) => {
    const copy = zip.slice(), view = new DataView(copy.buffer);
    view.setUint8(at + 5, madeBy);
    view.setUint32(at + 38, mode * 65536, true);
    return () => listZip(zipBytes(copy)).length;
  };
  for (const mode of [0o100755, 0o100644, 0o104755, 0o040777, 0]) {
    assertEquals(withMode(mode)(), 1, mode.toString(8));
  }
  for (const mode of [0o120777, 0o060644, 0o020644, 0o010644, 0o140755]) {
    for (const madeBy of [3, 19]) {
      assertThrows(withMode(mode, madeBy), SyntaxError, "links and devices are refused");
    }
    assertEquals(withMode(mode, 0)(), 1, "the field means something else there");
  }
});

Deno.test("listZip() holds every limit at its last allowed value", () => {
  const zip = encodeZip([{ name: "a", bytes: new Uint8Array(2 << 20), level: 9 }, {
    name: "b",
    bytes: text("xy"),
  }]);
  const [{ size, packedSize }] = listZip(zipBytes(zip));
  const total = size + 2, ratio = size / packedSize;
  const list = (limits: Parameters<typeof listZip>[1]) => () => listZip(zipBytes(zip), limits).length;
  assertEquals(list({ maxEntries: 2, maxEntryBytes: size, maxTotalBytes: total, maxRatio: ratio })(), 2);
  assertThrows(list({ maxEntryBytes: size - 1 }), RangeError, `at most ${size - 1} bytes`);
  assertThrows(list({ maxTotalBytes: total - 1 }), RangeError, `at most ${total - 1} bytes`);
  assertThrows(list({ maxRatio: ratio * 0.999 }), RangeError, "would unpack to");
  const small = encodeZip([{ name: "a", bytes: new Uint8Array(1 << 20), level: 9 }]);
  assertEquals(listZip(zipBytes(small), { maxRatio: 1 }).length, 1, "no more than a mebibyte is let be");
});

Deno.test("listZip() lets entries and directory touch, and not overlap by one byte", () => {
  const zip = encodeZip([{ name: "a", bytes: text("12") }, { name: "b", bytes: text("34") }]);
  const second = directoryAt(zip) + 47, view = new DataView(zip.buffer, zip.byteOffset);
  const offset = view.getUint32(second + 42, true);
  assertEquals(listZip(zipBytes(zip)).map(({ limit }) => limit), [offset, directoryAt(zip)]);
  assertThrows(
    () => listZip(zipBytes(patched(zip, second + 42, offset - 1))),
    SyntaxError,
    'at entry "a": it overlaps entry "b"',
  );
  const longer = patched(zip, second + 20, 3, 0, 0, 0, 3);
  assertThrows(() => listZip(zipBytes(longer)), SyntaxError, 'at entry "b": it overlaps the directory');
});

Deno.test("listZip() refuses 64-bit fields beyond what a number holds exactly, and those that are cut off", () => {
  const zip = encodeZip([{ name: "a", bytes: text("x") }]), at = directoryAt(zip), extra = new Uint8Array(12);
  const wide = (value: bigint, length = 8) => {
    const field = extra.slice(), fields = new DataView(field.buffer);
    fields.setUint16(0, 1, true);
    fields.setUint16(2, length, true);
    fields.setBigUint64(4, value, true);
    const copy = joined(zip.subarray(0, at + 47), field, zip.subarray(at + 47));
    const view = new DataView(copy.buffer, copy.byteOffset);
    view.setUint16(at + 30, 12, true);
    view.setUint32(at + 42, 0xffffffff, true);
    view.setUint32(copy.length - 10, 47 + 12, true);
    return () => listZip(zipBytes(copy));
  };
  assertEquals(wide(0n)()[0].offset, 0);
  assertThrows(wide(2n ** 53n), SyntaxError, "a 64-bit field is out of range");
  assertThrows(wide(2n ** 53n - 1n), SyntaxError, "overlaps");
  assertThrows(wide(0n, 7), SyntaxError, "the zip64 field is cut off");
});

Deno.test("listZip() refuses a part of an archive that lies on several disks", () => {
  const zip = encodeZip([{ name: "a", bytes: text("x") }]), end = zip.length - 22;
  for (const at of [4, 5, 6, 7]) {
    assertThrows(() => listZip(zipBytes(patched(zip, end + at, 1))), SyntaxError, "split over several disks");
  }
});

Deno.test("listZip() finds a zip64 directory whatever was put behind the archive", () => {
  const bytes = new Uint8Array(0);
  const zip = encodeZip(Array.from({ length: 65_600 }, (_, i) => ({ name: i.toString(36), bytes })));
  const view = new DataView(zip.buffer, zip.byteOffset);
  assertEquals(view.getUint32(zip.length - 22 - 4, true), 1, "one disk in all, as APPNOTE 4.3.15 has it");
  assertEquals(listZip(zipBytes(joined(zip, text("\r\nmore")))).length, 65_600);
});
