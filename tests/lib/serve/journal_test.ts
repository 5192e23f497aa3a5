import { join } from "@std/path";
import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { type Journal, openJournal } from "../../../lib/serve/journal.ts";

const event = (key: string, eTag = "e1", sequencer?: string) => ({ bucket: "daq", key, eTag, sequencer });

const keys = (journal: Journal) => [...journal.pending()].map(({ key }) => key);

Deno.test("openJournal() has after a restart what was added, and what became of it", () =>
  withFolder(async (folder) => {
    const journal = await openJournal(folder);
    assertEquals(await Promise.all(["a", "b", "c"].map((key) => journal.add(event(key)))), [
      true,
      true,
      true,
    ]);
    const [a, b] = [...journal.pending()];
    await journal.settle(a, { state: "done" });
    await journal.settle(b, { attempts: 2, notBefore: 5, reason: "no picture" });
    await journal.close();
    const again = await openJournal(folder);
    assertEquals(keys(again), ["b", "c"]);
    assertEquals([...again.pending()][0].attempts, 2);
    assertEquals(again.counts(), { pending: 2, done: 1, dead: 0 });
    assertEquals(await again.add(event("a")), false);
    await again.close();
  }));

Deno.test("Journal.add() knows an event by key, version and sequencer", () =>
  withFolder(async (folder) => {
    const journal = await openJournal(folder);
    assertEquals(await journal.add(event("a", "e1", "0A")), true);
    assertEquals(await journal.add(event("a", "e1", "0A")), false, "sent again");
    assertEquals(await journal.add(event("a", "e1")), false, "found by listing");
    assertEquals(await journal.add(event("a", "e2", "0B")), true, "overwritten");
    assertEquals(await journal.add(event("a", "e1", "0A")), false, "came late");
    assertEquals(await journal.add(event("a", "e1", "0C")), true, "back to the first content");
    assertEquals(keys(journal), ["a"], "only the newest is to be scored");
    await journal.close();
  }));

Deno.test("Journal.add() keeps one of many equal events that come at the same time", () =>
  withFolder(async (folder) => {
    const journal = await openJournal(folder);
    const added = await Promise.all(Array.from({ length: 20 }, () => journal.add(event("a", "e1", "1"))));
    assertEquals(added.filter(Boolean).length, 1);
    await journal.close();
  }));

Deno.test("Journal.settle() does not touch a newer event of the same object", () =>
  withFolder(async (folder) => {
    const journal = await openJournal(folder);
    await journal.add(event("a", "e1", "1"));
    const [old] = [...journal.pending()];
    await Promise.all([journal.add(event("a", "e2", "2")), journal.settle(old, { state: "done" })]);
    await journal.close();
    const again = await openJournal(folder);
    assertEquals([...again.pending()].map(({ eTag }) => eTag), ["e2"]);
    await again.close();
  }));

Deno.test("openJournal() cuts off a line that a killed process left half-written", () =>
  withFolder(async (folder) => {
    const journal = await openJournal(folder);
    await journal.add(event("a"));
    await journal.close();
    const path = join(folder, "events.jsonl");
    await Deno.writeTextFile(path, '{"bucket":"daq","key":"b","eT', { append: true });
    const again = await openJournal(folder);
    assertEquals(keys(again), ["a"]);
    await again.add(event("c"));
    await again.close();
    const third = await openJournal(folder);
    assertEquals(keys(third), ["a", "c"]);
    await third.close();
  }));

Deno.test("openJournal() writes the file anew when most of it is of no more use", () =>
  withFolder(async (folder) => {
    const journal = await openJournal(folder);
    await journal.add(event("a"));
    for (let round = 0; round < 21; round++) {
      const [entry] = [...journal.pending()];
      await Promise.all(Array.from({ length: 1000 }, (_, i) => journal.settle(entry, { attempts: i })));
    }
    await journal.add(event("b"));
    await journal.close();
    const { size } = await Deno.stat(join(folder, "events.jsonl"));
    assert(size < 300_000, `${size} bytes for two events`);
    const again = await openJournal(folder);
    assertEquals(keys(again), ["a", "b"]);
    await again.close();
  }));

Deno.test("openJournal() refuses a damaged line in the middle", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "events.jsonl"), "garbage\n{}\n");
    await assertRejects(() => openJournal(folder), SyntaxError, "line 1");
  }));
