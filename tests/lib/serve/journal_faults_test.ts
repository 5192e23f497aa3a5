/** What the journal asks of the disk before it says that an event is kept, and what it does when the disk fails. */
import { basename, join } from "@std/path";
import { type Journal, type JournalEntry, openJournal } from "../../../lib/serve/journal.ts";
import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { diskError, withFileSystem } from "../../file_system.ts";
import { withFolder } from "../../folder.ts";
import { withWaits } from "../../waits.ts";

const event = (key: string, eTag = "e1", sequencer?: string) => ({ bucket: "daq", key, eTag, sequencer });
const keys = (journal: Journal) => [...journal.pending()].map(({ key }) => key);
const first = (journal: Journal) => [...journal.pending()][0];

/** What a journal has after it was opened anew. */
async function reopened(folder: string): Promise<JournalEntry[]> {
  const journal = await openJournal(folder);
  const entries = [...journal.pending()].map((entry) => ({ ...entry }));
  await journal.close();
  return entries;
}

Deno.test("Journal.add() flushes an event before it says that it is kept, many with one flush", () =>
  withFolder((folder) =>
    withFileSystem(async (calls) => {
      const journal = await openJournal(folder);
      assertEquals(
        calls.slice(-2),
        [`open ${basename(folder)}`, `sync ${basename(folder)}`],
        "the file's name lasts",
      );
      calls.length = 0;
      const added = journal.add(event("a"));
      void added.then(() => calls.push("kept"));
      await added;
      await Promise.resolve();
      assertEquals(calls, ["write events.jsonl", "syncData events.jsonl", "kept"]);
      calls.length = 0;
      await Promise.all(["b", "c", "d", "e"].map((key) => journal.add(event(key))));
      assertEquals(
        calls.filter((call) => call.startsWith("sync")).length,
        2,
        "the first, and the rest together",
      );
      calls.length = 0;
      await journal.settle(first(journal), { state: "done" });
      assertEquals(calls, ["write events.jsonl", "syncData events.jsonl"]);
      await journal.close();
    })
  ));

Deno.test("Journal.add() that cannot be written or flushed rejects, keeps nothing, and leaves no half line", () =>
  withFolder(async (folder) => {
    for (
      const [call, part] of [["write events.jsonl", undefined], ["write events.jsonl", 20], [
        "syncData events.jsonl",
        undefined,
      ]] as const
    ) {
      const place = join(folder, `${call}${part}`);
      let failing = false, written = 0;
      await withFileSystem(async () => {
        const journal = await openJournal(place);
        await journal.add(event("a"));
        failing = true;
        await assertRejects(() => journal.add(event("b")), Error, "it failed (ENOSPC)");
        assertEquals([keys(journal), journal.counts().pending], [["a"], 1]);
        await assertRejects(() => journal.settle(first(journal), { state: "done" }), Error, "ENOSPC");
        assertEquals(first(journal).state, "pending", "what is not on the disk has not become of it");
        failing = false;
        assertEquals(await journal.add(event("b")), true, "not known: it was not kept");
        await journal.add(event("c"));
        await journal.close();
      }, (made) => {
        if (!failing || made !== call) return undefined;
        return part !== undefined && written++ % 2 === 0 ? part : diskError("ENOSPC"); // half a line, then nothing
      });
      assertEquals((await reopened(place)).map(({ key }) => key), ["a", "b", "c"], call);
      const text = await Deno.readTextFile(join(place, "events.jsonl"));
      assert(text.split("\n").slice(0, -1).every((line) => JSON.parse(line).key), text);
    }
  }));

Deno.test("Journal writes on where a write took a part only", () =>
  withFolder(async (folder) => {
    await withFileSystem(async () => {
      const journal = await openJournal(folder);
      await journal.add(event("a"));
      await journal.add(event("b"));
      await journal.close();
    }, (call) => call.startsWith("write") ? 7 : undefined);
    assertEquals((await reopened(folder)).map(({ key }) => key), ["a", "b"]);
  }));

Deno.test("openJournal() has all of an entry after a restart, and nothing of what a newer event has overtaken", () =>
  withFolder(async (folder) => {
    const journal = await openJournal(folder);
    const full = { ...event("a b", "e1", "0A"), alternative: "a+b" };
    await journal.add(full);
    await journal.settle(first(journal), { attempts: 3, notBefore: 77, reason: "no picture" });
    await journal.add(event("c", "e1", "1"));
    const old = [...journal.pending()][1];
    await journal.settle(old, { attempts: 1 });
    await journal.add(event("c", "e2", "2"));
    await journal.settle(old, { state: "done" });
    const state = [...journal.pending()].map((entry) => ({ ...entry }));
    assertEquals(state, [
      { ...full, state: "pending", attempts: 3, notBefore: 77, reason: "no picture" },
      {
        ...event("c", "e2", "2"),
        alternative: undefined,
        state: "pending",
        attempts: 0,
        notBefore: 0,
        reason: undefined,
      },
    ]);
    await journal.close();
    assertEquals(await reopened(folder), state);
  }));

Deno.test("openJournal() does not let what became of an old event settle a newer one", () =>
  withFolder(async (folder) => {
    const lines = [event("a", "e1"), event("a", "e2"), { ...event("a", "e1"), state: "done" }];
    await Deno.writeTextFile(
      join(folder, "events.jsonl"),
      lines.map((line) => JSON.stringify(line) + "\n").join(""),
    );
    const journal = await openJournal(folder);
    assertEquals([...journal.pending()].map(({ eTag }) => eTag), ["e2"]);
    assertEquals(journal.counts(), { pending: 1, done: 0, dead: 0 });
    await journal.close();
  }));

Deno.test("Journal counts what is dead, and scores it anew when the object changes", () =>
  withFolder(async (folder) => {
    const journal = await openJournal(folder);
    await journal.add(event("a"));
    await journal.settle(first(journal), { state: "dead", attempts: 4, reason: "bad" });
    assertEquals(journal.counts(), { pending: 0, done: 0, dead: 1 });
    assertEquals(await journal.add(event("a")), false, "sent again");
    assertEquals(await journal.add(event("a", "e2")), true);
    assertEquals(journal.counts(), { pending: 1, done: 0, dead: 0 });
    await journal.settle(first(journal), { state: "done" });
    assertEquals(await journal.add(event("a", "e3")), true);
    assertEquals(journal.counts(), { pending: 1, done: 0, dead: 0 }, "done no more");
    await journal.close();
    const again = await openJournal(folder);
    assertEquals([again.counts(), first(again).eTag], [{ pending: 1, done: 0, dead: 0 }, "e3"]);
    await again.close();
  }));

Deno.test("Journal.add() takes an earlier sequencer for old news only where the content is the same", () =>
  withFolder(async (folder) => {
    const journal = await openJournal(folder);
    await journal.add(event("a", "e2", "0B"));
    assertEquals(await journal.add(event("a", "e2", "0A")), false, "the same content, earlier");
    assertEquals(await journal.add(event("a", "e2", "0C")), true, "written again");
    assertEquals(await journal.add(event("a", "", "0A")), true, "which content is not said");
    assertEquals(first(journal).sequencer, "0C", "the later one says what is there");
    await journal.add(event("b", "", "1"));
    assertEquals(await journal.add(event("b", "", "1")), false);
    assertEquals(await journal.add(event("b", "e1")), true, "now its content is said");
    await journal.close();
  }));

Deno.test("Journal.add() tries again after an equal event could not be kept", () =>
  withFolder((folder) => {
    let fails = true;
    return withFileSystem(async () => {
      const journal = await openJournal(folder);
      const results = await Promise.allSettled([
        journal.add(event("a")),
        journal.add(event("a")),
        journal.add(event("a")),
      ]);
      assertEquals(results.map(({ status }) => status), ["rejected", "fulfilled", "fulfilled"]);
      assertEquals(results.slice(1).map((result) => (result as { value: boolean }).value), [true, false]);
      await journal.close();
    }, (call) => {
      if (call !== "syncData events.jsonl" || !fails) return undefined;
      fails = false;
      return diskError("EIO");
    });
  }));

/** Fills a journal until its file is due to be written anew: 20,000 lines to spare. */
async function fill(journal: Journal, lines: number): Promise<void> {
  const entry = first(journal);
  await Promise.all(Array.from({ length: lines }, (_, i) => journal.settle(entry, { attempts: i })));
}

const linesIn = async (folder: string) =>
  (await Deno.readTextFile(join(folder, "events.jsonl"))).split("\n").length - 1;

Deno.test("Journal puts a new file in place only once it is flushed, and never sooner than there is to gain", () =>
  withFolder(async (folder) => {
    let isOpen = false, lasts = false;
    await withFileSystem(async (calls) => {
      const journal = await openJournal(folder);
      isOpen = true;
      await journal.add(event("a"));
      await fill(journal, 20_001); // with the first, 20,002 lines: twice one entry and 20,000
      assert(!calls.some((call) => call.startsWith("rename")), "not due yet");
      calls.length = 0;
      await journal.settle(first(journal), { attempts: 7 });
      await journal.add(event("b")); // behind the new file
      const names = calls.filter((call) => /^(sync |rename|open)/.test(call));
      assertEquals(names, [
        "open events.jsonl.tmp",
        "sync events.jsonl.tmp",
        "rename events.jsonl.tmp",
        `open ${basename(folder)}`,
        `sync ${basename(folder)}`,
      ]);
      assert(lasts, "b was kept in a file whose name was not on the disk yet");
      assertEquals(await linesIn(folder), 2);
      await journal.close();
    }, (call) => {
      if (!isOpen || call !== `sync ${basename(folder)}`) return undefined;
      return new Promise<void>((resolve) => setTimeout(resolve, 30)).then(() => void (lasts = true));
    });
    assertEquals((await reopened(folder)).map(({ key, attempts }) => [key, attempts]), [["a", 7], ["b", 0]]);
  }));

Deno.test("a journal that is opened anew counts the lines that are there", () =>
  withFolder(async (folder) => {
    const before = await openJournal(folder);
    await before.add(event("a"));
    await fill(before, 20_001); // one more is due, see above
    await before.close();
    await withFileSystem(async (calls) => {
      const journal = await openJournal(folder);
      await journal.settle(first(journal), { attempts: 7 });
      await journal.add(event("b"));
      assertEquals(calls.filter((call) => call.startsWith("rename")), ["rename events.jsonl.tmp"]);
      await journal.close();
    });
  }));

/** The files below a folder that this process has open, where the system tells: other tests of the process have theirs. */
function openFilesIn(folder: string): string[] {
  if (Deno.build.os !== "linux") return [];
  return [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => targetOf(`/proc/self/fd/${name}`))
    .filter((path) => path.startsWith(folder));
}

/** Where a link points; empty where it is gone meanwhile. */
function targetOf(link: string): string {
  try {
    return Deno.readLinkSync(link);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

Deno.test("a journal that is closed, or cannot be opened, leaves no file open", () =>
  withFolder(async (given) => {
    const folder = await Deno.realPath(given);
    const journal = await openJournal(folder);
    if (Deno.build.os === "linux") {
      assert(openFilesIn(folder).length > 0, "the journal's own file is not seen");
    }
    await journal.close();
    assertEquals(openFilesIn(folder), []);
    const path = join(folder, "events.jsonl");
    const faults = ["writeTextFile events.bad.jsonl", "truncate events.jsonl", "sync " + basename(folder)];
    for (const fault of faults) {
      await Deno.writeTextFile(path, 'garbage\n{"bucket":"daq","key":"a","eTag":""}\nhalf a line');
      await withFileSystem(
        async () => void await assertRejects(() => openJournal(folder), Error, "it failed (ENOSPC)"),
        (call) => call === fault ? diskError("ENOSPC") : undefined,
      );
      assertEquals(openFilesIn(folder), [], fault);
    }
  }));

Deno.test("Journal goes on with the old file where there is no room for a second", () =>
  withFolder(async (folder) => {
    for (const call of ["write events.jsonl.tmp", "sync events.jsonl.tmp", "rename events.jsonl.tmp"]) {
      const place = join(folder, call);
      await withFileSystem(async () => {
        const journal = await openJournal(place);
        await journal.add(event("a"));
        await fill(journal, 20_002);
        await journal.add(event("b"));
        await journal.close();
      }, (made) => made === call ? diskError("ENOSPC") : undefined);
      assertEquals((await reopened(place)).map(({ key }) => key), ["a", "b"], call);
      assertEquals([...Deno.readDirSync(place)].map(({ name }) => name).sort(), [".lock", "events.jsonl"]);
    }
  }));

Deno.test("Journal keeps what it counted of events that are gone when its file is written anew", () =>
  withFolder(async (folder) => {
    const journal = await openJournal(folder, { keepDone: 1 });
    for (const key of ["a", "b", "c"]) {
      await journal.add(event(key));
      await journal.settle(first(journal), { state: "done" });
    }
    await journal.add(event("d"));
    await fill(journal, 20_010);
    assertEquals(journal.counts(), { pending: 1, done: 3, dead: 0 });
    await journal.close();
    assert(await linesIn(folder) < 100);
    const again = await openJournal(folder, { keepDone: 1 });
    assertEquals([again.counts(), await again.add(event("c"))], [{ pending: 1, done: 3, dead: 0 }, false]);
    await again.close();
  }));

Deno.test("openJournal() refuses a folder that another journal has, after waiting for it to be let go", () =>
  withFolder(async (folder) => {
    const journal = await openJournal(folder);
    const { now } = performance;
    let ms = 0;
    performance.now = () => ms += 50;
    try {
      await withWaits(async (waits) => {
        const { message } = await assertRejects(() => openJournal(folder), Error);
        const said = `Cannot open the journal as another process has "${join(folder, ".lock")}"`;
        assert(message.startsWith(said), message); // and not said twice
        assertEquals([waits.length, new Set(waits)], [200, new Set([100])]);
      });
    } finally {
      performance.now = now;
    }
    await withWaits(async (waits) => {
      setTimeout(() => void journal.close(), 0);
      const next = await openJournal(folder);
      assert(waits.length > 0);
      await next.close();
    });
  }));

Deno.test("Journal.close() waits for what is being written", () =>
  withFolder(async (folder) => {
    const journal = await openJournal(folder);
    const added = Promise.all(["a", "b", "c"].map((key) => journal.add(event(key))));
    await journal.close();
    assertEquals(await added, [true, true, true]);
    assertEquals((await reopened(folder)).length, 3);
  }));

Deno.test("openJournal() takes nothing for an event that lacks a part, has a strange state or no finite number", () =>
  withFolder(async (folder) => {
    const good = { bucket: "b", key: "k", eTag: "" };
    const bad = [
      { ...good, bucket: 1 },
      { ...good, eTag: undefined },
      { ...good, state: "odd" },
      { ...good, attempts: "1" },
      { ...good, notBefore: null },
      [],
      7,
      null,
      { forgotten: 1.5 },
    ];
    const text = [good, ...bad].map((line) => JSON.stringify(line) + "\n").join("") + "\n";
    await Deno.writeTextFile(join(folder, "events.jsonl"), text);
    const journal = await openJournal(folder);
    assertEquals([keys(journal), journal.quarantined], [["k"], bad.length]);
    await journal.close();
    assertEquals(
      (await Deno.readTextFile(join(folder, "events.bad.jsonl"))).split("\n").length - 1,
      bad.length,
    );
    await Deno.writeTextFile(join(folder, "events.jsonl"), '{"forgotten":5}\n');
    const counted = await openJournal(folder);
    assertEquals([counted.counts().done, counted.quarantined], [5, 0]);
    await counted.close();
  }));

Deno.test("Journal takes back a failed write from the right place after its file was written anew", () =>
  withFolder(async (folder) => {
    let failing = false;
    await withFileSystem(async () => {
      const journal = await openJournal(folder);
      await journal.add(event("a"));
      await fill(journal, 20_002);
      await journal.add(event("b"));
      failing = true;
      await assertRejects(() => journal.add(event("lost")), Error, "ENOSPC");
      failing = false;
      await journal.add(event("c"));
      await journal.close();
    }, (call) => failing && call.startsWith("syncData") ? diskError("ENOSPC") : undefined);
    const text = await Deno.readTextFile(join(folder, "events.jsonl"));
    assert(text.split("\n").slice(0, -1).every((line) => line.startsWith("{")), "no zeros between the lines");
    assertEquals((await reopened(folder)).map(({ key }) => key), ["a", "b", "c"]);
  }));

Deno.test("Journal writes nothing more before half a line is taken back", () =>
  withFolder(async (folder) => {
    let failing = false;
    const late = new Promise<void>((resolve) => setTimeout(resolve, 30));
    await withFileSystem(async () => {
      const journal = await openJournal(folder);
      failing = true;
      const lost = journal.add(event("lost")).catch(() => false), next = journal.add(event("a"));
      await lost;
      failing = false;
      await next.catch(() => journal.add(event("a")));
      await late;
      await new Promise((resolve) => setTimeout(resolve, 5));
      await journal.close();
    }, (call) => {
      if (call.startsWith("truncate")) return late;
      return failing && call.startsWith("syncData") ? diskError("EIO") : undefined;
    });
    assertEquals((await reopened(folder)).map(({ key }) => key), ["a"]);
  }));

Deno.test("openJournal() throws no line away that it could not put aside", () =>
  withFolder(async (folder) => {
    const text = 'garbage\n{"bucket":"daq","key":"a","eTag":""}\n', path = join(folder, "events.jsonl");
    await Deno.writeTextFile(path, text);
    await withFileSystem(async () => {
      await assertRejects(() => openJournal(folder), Error, "it failed (ENOSPC)");
    }, (call) => call === "writeTextFile events.bad.jsonl" ? diskError("ENOSPC") : undefined);
    assertEquals(await Deno.readTextFile(path), text);
    const journal = await openJournal(folder); // at once: nothing was left locked
    assertEquals([keys(journal), journal.quarantined], [["a"], 1]);
    await journal.close();
  }));

Deno.test("openJournal() keeps no more of what is done than it is told, from the start on", () =>
  withFolder(async (folder) => {
    const journal = await openJournal(folder);
    for (const key of ["a", "b", "c"]) {
      await journal.add(event(key));
      await journal.settle(first(journal), { state: "done" });
    }
    await journal.close();
    const again = await openJournal(folder, { keepDone: 1 });
    assertEquals(again.counts(), { pending: 0, done: 3, dead: 0 });
    assertEquals([await again.add(event("c")), await again.add(event("b"))], [false, true]);
    await again.close();
  }));
