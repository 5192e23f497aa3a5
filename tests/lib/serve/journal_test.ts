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
    assertEquals(
      await journal.add(event("a", "e1", "0A")),
      true,
      "came late, or from another node: scored again",
    );
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

Deno.test("openJournal() puts lines aside that are no events, and goes on with the others", () =>
  withFolder(async (folder) => {
    const path = join(folder, "events.jsonl"), good = JSON.stringify(event("a"));
    await Deno.writeTextFile(path, `garbage\n${good}\n{}\n{"bucket":"daq","key":7,"eTag":""}\n`);
    const journal = await openJournal(folder);
    assertEquals([keys(journal), journal.quarantined], [["a"], 3]);
    await journal.add(event("b"));
    await journal.close();
    const aside = (await Deno.readTextFile(join(folder, "events.bad.jsonl"))).trim().split("\n");
    assertEquals(aside, ["garbage", "{}", '{"bucket":"daq","key":7,"eTag":""}']);
    const again = await openJournal(folder);
    assertEquals([keys(again), again.quarantined], [["a", "b"], 0]);
    await again.close();
  }));

Deno.test("openJournal() keeps only the last events that are done, and goes on counting all", () =>
  withFolder(async (folder) => {
    const journal = await openJournal(folder, { keepDone: 2 });
    for (const key of ["a", "b", "c", "d"]) {
      await journal.add(event(key));
      await journal.settle([...journal.pending()][0], { state: "done" });
    }
    assertEquals(journal.counts(), { pending: 0, done: 4, dead: 0 });
    assertEquals(await journal.add(event("d")), false);
    assertEquals(await journal.add(event("a")), true, "its result will say that it is done");
    await journal.close();
    const again = await openJournal(folder, { keepDone: 2 });
    assertEquals([keys(again), again.counts().pending], [["a"], 1]);
    await again.close();
  }));

Deno.test("the journal is small after many events, and every one that was acknowledged is there", () =>
  withFolder(async (folder) => {
    const journal = await openJournal(folder, { keepDone: 1000 });
    for (let round = 0; round < 20; round++) {
      const names = Array.from({ length: 2000 }, (_, i) => `run${round}/${i}`);
      await Promise.all(names.map((key) => journal.add(event(key))));
      await Promise.all([...journal.pending()].map((entry) => journal.settle(entry, { state: "done" })));
    }
    await journal.add(event("last"));
    await journal.close();
    const { size } = await Deno.stat(join(folder, "events.jsonl"));
    assert(size < 5_000_000, `${size} bytes of 80,001 lines`);
    const again = await openJournal(folder, { keepDone: 1000 });
    assertEquals([keys(again), again.counts()], [["last"], { pending: 1, done: 40_000, dead: 0 }]);
    await again.close();
  }));

Deno.test("Journal.add() takes objects for two whose names differ by their encoding alone", () =>
  withFolder(async (folder) => {
    const journal = await openJournal(folder);
    const plus = { ...event("a b.png"), alternative: "a+b.png" };
    assertEquals([await journal.add(event("a b.png")), await journal.add(plus)], [true, true]);
    assertEquals([...journal.pending()].length, 2);
    await journal.close();
  }));

Deno.test("openJournal() says which journal cannot be opened, and why", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    await Deno.mkdir(`${folder}/strange/events.jsonl`, { recursive: true });
    for (const place of [`${folder}/file`, `${folder}/file/deeper`, `${folder}/strange`]) {
      await assertRejects(() => openJournal(place), Error, `Cannot open the journal in "${place}": `);
    }
    await Deno.remove(`${folder}/strange/events.jsonl`);
    await (await openJournal(`${folder}/strange`)).close();
  }));
