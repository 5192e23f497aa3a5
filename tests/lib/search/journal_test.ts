import { type JournalEntry, openJournal } from "../../../lib/search/journal.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { withFolder } from "../../folder.ts";

const note = (text: string) => ({ op: "note", text });
const texts = (entries: readonly JournalEntry[]) => entries.map(({ text }) => text);

Deno.test("openJournal() reads only what is new", () =>
  withFolder(async (folder) => {
    const [a, b] = [openJournal(`${folder}/j`), openJournal(`${folder}/j`)];
    assertEquals(a.read(), []);
    await a.write(() => [note("1"), note("2")]);
    assertEquals(texts(b.read()), ["1", "2"]);
    await b.write((news) => [note(`after ${news.length}`)]);
    assertEquals(texts(a.read()), ["after 0"]);
    await a.write(() => []);
    assertEquals(texts(openJournal(`${folder}/j`).read()), ["1", "2", "after 0"]);
  }));

Deno.test("openJournal() checks lines by CRC-32 as zlib has it", () =>
  withFolder(async (folder) => {
    await openJournal(`${folder}/j`).write(() => [note("ünï")]);
    // python: "%08x" % zlib.crc32(line[9:].encode())
    assertEquals(Deno.readTextFileSync(`${folder}/j`), 'c0e26b71 {"n":1,"op":"note","text":"ünï"}\n');
  }));

Deno.test("openJournal() cuts off a half line once, with a note, and never meets it again", () =>
  withFolder(async (folder) => {
    const path = `${folder}/j`;
    await openJournal(path).write(() => [note("1"), note("2")]);
    const bytes = Deno.readFileSync(path);
    for (let cut = bytes.indexOf(10) + 2; cut < bytes.length; cut += 7) {
      Deno.writeFileSync(path, bytes.subarray(0, cut));
      const reader = openJournal(path);
      assertEquals(texts(reader.read()), ["1"]);
      const writer = openJournal(path);
      await writer.write(() => [note("3")]);
      const [first, healed, third, ...more] = texts(openJournal(path).read()) as string[];
      assertEquals([first, third, more.length], ["1", "3", 0]);
      assert(healed.startsWith("cut off "), healed);
      assertEquals(texts(reader.read()), [healed, "3"]);
      await writer.write(() => [note("4")]);
      assertEquals(texts(reader.read()), ["4"]);
      assertEquals([reader.damage, writer.damage], [[], []]);
    }
  }));

Deno.test("openJournal() passes over garbage in the middle and lines of a writer that stood still", () =>
  withFolder(async (folder) => {
    const path = `${folder}/j`;
    await openJournal(path).write(() => [note("1")]);
    const late = Deno.readFileSync(path); // number 1 again
    Deno.writeTextFileSync(path, "\0\0garbage\n", { append: true });
    await openJournal(path).write(() => [note("2")]);
    Deno.writeFileSync(path, late, { append: true });
    await openJournal(path).write(() => [note("3")]);
    const journal = openJournal(path);
    assertEquals(texts(journal.read()), ["1", "2", "3"]);
    const reasons = journal.damage.map(({ reason }) => reason);
    assertEquals(reasons, ["it does not fit its checksum", "it has number 1 after 2"]);
  }));

Deno.test("openJournal() adds nothing where the disk is full", () =>
  withFolder(async (folder) => {
    const journal = openJournal(`${folder}/j`);
    await journal.write(() => [note("1")]);
    const { writeSync } = Deno.FsFile.prototype;
    Deno.FsFile.prototype.writeSync = function (bytes) {
      if (!new TextDecoder().decode(bytes).includes("note")) return writeSync.call(this, bytes);
      writeSync.call(this, bytes.subarray(0, 5));
      throw new Error("No space left on device (os error 28)");
    };
    try {
      await assertRejects(() => journal.write(() => [note("2")]), Error, 'Cannot write to "');
    } finally {
      Deno.FsFile.prototype.writeSync = writeSync;
    }
    await journal.write(() => [note("3")]);
    assertEquals(texts(openJournal(`${folder}/j`).read()), ["1", "3"]);
  }));

Deno.test("openJournal() goes on after a writer of a lost machine, and says so", () =>
  withFolder(async (folder) => {
    const path = `${folder}/j`;
    await openJournal(path).write(() => [note("1")]);
    const owner = { host: "lost", pid: 7, token: "t", job: "12_3", since: "2026-01-01T00:00:00.000Z" };
    Deno.writeTextFileSync(`${path}.lock`, JSON.stringify(owner) + "\n");
    await Deno.utime(`${path}.lock`, new Date(), new Date(Date.now() - 60_000));
    await openJournal(path).write(() => [note("2")]);
    const [, broken, last] = texts(openJournal(path).read()) as string[];
    assert(broken.includes("process 7 on lost, job 12_3"), broken);
    assertEquals(last, "2");
  }));

Deno.test("openJournal() refuses a file that got shorter", () =>
  withFolder(async (folder) => {
    const journal = openJournal(`${folder}/j`);
    await journal.write(() => [note("1")]);
    Deno.truncateSync(`${folder}/j`, 3);
    assertThrows(() => journal.read(), Error, "it has 3 bytes, and had");
  }));
