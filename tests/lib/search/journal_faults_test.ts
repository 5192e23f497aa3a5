/** What the journal of a study asks of the disk before a line counts, and what a failing disk leaves. */
import { join } from "@std/path";
import { openJournal } from "../../../lib/search/journal.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { diskError, withFileSystem } from "../../file_system.ts";
import { withFolder } from "../../folder.ts";

const note = (text: string) => ({ op: "note", text });
const textsIn = (path: string) => openJournal(path).read().map(({ text }) => text);

Deno.test("openJournal() flushes lines before it lets the lock go", () =>
  withFolder((folder) =>
    withFileSystem(async (calls) => {
      const journal = openJournal(join(folder, "j"));
      await journal.write(() => [note("1"), note("2")]);
      const names = calls.filter((call) => /^(open|write|sync) j$|^remove j\.lock$/.test(call));
      assertEquals(names, ["open j", "write j", "sync j", "remove j.lock"]);
      calls.length = 0;
      await journal.write(() => []);
      assertEquals(calls.filter((call) => /^(write|sync) j$/.test(call)), [], "nothing to add");
    })
  ));

Deno.test("openJournal() writes on where a write took a part only", () =>
  withFolder((folder) =>
    withFileSystem(async () => {
      await openJournal(join(folder, "j")).write(() => [note("1"), note("2")]);
      assertEquals(textsIn(join(folder, "j")), ["1", "2"]);
    }, (call) => call === "write j" ? 11 : undefined)
  ));

Deno.test("openJournal() that cannot write or flush adds nothing, and lets the next writer in", () =>
  withFolder(async (folder) => {
    const path = join(folder, "j"), journal = openJournal(path);
    await journal.write(() => [note("1")]);
    for (const call of ["write j", "sync j"]) {
      await withFileSystem(async () => {
        const { message } = await assertRejects(() => journal.write(() => [note("lost")]));
        assertEquals(message, `Cannot write to "${path}": it failed (EIO)`);
      }, (made) => made === call ? diskError("EIO") : undefined);
      assertEquals(textsIn(path), ["1"], call);
    }
    await journal.write((news) => [note(`after ${news.length}`)]);
    assertEquals(textsIn(path), ["1", "after 0"]);
    assertEquals(openJournal(path).damage, []);
  }));

Deno.test("openJournal() gives up a write for which it stood still so long that its lock was broken", () =>
  withFolder(async (folder) => {
    const path = join(folder, "j"), journal = openJournal(path, { staleMs: 1000 });
    const { now } = performance;
    let ms = 0;
    performance.now = () => now.call(performance) + ms;
    try {
      await journal.write(() => [note("1")]);
      await journal.write(() => {
        ms += 600; // more than half of the time after which a lock counts as left behind, and still ours
        return [note("2")];
      });
      await assertRejects(
        () =>
          journal.write(() => {
            ms += 600;
            Deno.removeSync(`${path}.lock`);
            return [note("3")];
          }),
        Error,
        "its lock was broken while this process stood still",
      );
      await journal.write(() => {
        ms += 400;
        return [note("4")];
      });
    } finally {
      performance.now = now;
    }
    assertEquals(textsIn(path), ["1", "2", "4"]);
  }));

Deno.test("openJournal() does not take a failure to read for an empty journal", () =>
  withFolder((folder) =>
    withFileSystem(async () => {
      const journal = openJournal(join(folder, "j"));
      assertThrows(() => journal.read(), Error, "EACCES");
      await assertRejects(() => journal.write(() => [note("1")]), Error, "EACCES");
      assert(
        !Array.from(Deno.readDirSync(folder)).some(({ name }) => name.endsWith(".lock")),
        "the lock is let go",
      );
    }, (call) => call === "open j" ? diskError("EACCES") : undefined)
  ));
