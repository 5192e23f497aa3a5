/** What is written of an object and what not, when another was there, changed it meanwhile, or the bucket refuses. */
import { sha256 } from "../../../lib/base/sha256.ts";
import type { JournalEntry } from "../../../lib/serve/journal.ts";
import { createObjectResults, type ObjectResultsOptions } from "../../../lib/serve/object_results.ts";
import { ObjectFault } from "../../../lib/serve/object_scorer.ts";
import { watchBuckets } from "../../../lib/serve/bucket_watch.ts";
import {
  type Blobs,
  BlobsError,
  ConflictError,
  type PutOptions,
  RefusedKeyError,
} from "../../../lib/store/blobs.ts";
import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { withWaits } from "../../waits.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** A bucket in memory; the tag of what it holds is `"<content>"`, in quotes as S3 has it. Notes what is asked of it. */
function bucket(objects: Record<string, string> = {}) {
  const calls: string[] = [];
  let fault: (call: string) => Error | undefined = () => undefined;
  const note = (call: string) => {
    calls.push(call);
    const error = fault(call);
    if (error) throw error;
  };
  const tagOf = (key: string) => `"${objects[key]}"`;
  const blobs: Blobs = {
    location: "memory",
    // deno-lint-ignore require-await -- a throw is to be a rejection
    async get(key) {
      note(`get ${key}`);
      return key in objects ? { bytes: bytes(objects[key]), tag: tagOf(key) } : undefined;
    },
    // deno-lint-ignore require-await -- a throw is to be a rejection
    async put(key, content, { ifNoneMatch, ifMatch }: PutOptions = {}) {
      note(`put ${key}${ifNoneMatch ? " new" : ""}${ifMatch !== undefined ? " if" : ""}`);
      if (ifNoneMatch && key in objects) throw new ConflictError("there is one");
      if (ifMatch !== undefined && tagOf(key) !== ifMatch) throw new ConflictError("changed");
      objects[key] = new TextDecoder().decode(content);
      return tagOf(key);
    },
    list: (prefix) => {
      note(`list ${prefix}`);
      const found = Object.keys(objects).filter((key) => key.startsWith(prefix));
      return Promise.resolve(found.map((key) => ({ key, bytes: objects[key].length, tag: tagOf(key) })));
    },
    delete: () => Promise.resolve(),
  };
  return { blobs, objects, calls, failOn: (wanted: typeof fault) => void (fault = wanted) };
}

type Bucket = ReturnType<typeof bucket>;

const entry = (key: string, eTag = "", alternative?: string): JournalEntry => ({
  bucket: "daq",
  key,
  eTag,
  alternative,
  sequencer: "1",
  state: "pending",
  attempts: 0,
  notBefore: 0,
});

/** Results in the same bucket, of a score that says how long the object is. */
function results(one: Bucket, options: Partial<ObjectResultsOptions> = {}) {
  const scored: string[] = [];
  const made = createObjectResults({
    open: () => one.blobs,
    results: { prefix: "results/" },
    dead: { prefix: "dead/" },
    score: (key, content) => {
      scored.push(key);
      return Promise.resolve({ length: content.length });
    },
    ...options,
  });
  return { ...made, scored };
}

const read = (one: Bucket, key: string) => JSON.parse(one.objects[key]);

Deno.test("a result says what it is of, and is written where nobody wrote one", async () => {
  const one = bucket({ "in/a": "abc" }), { write } = results(one);
  assertEquals(await write(entry("in/a", "abc")), true);
  assertEquals(read(one, "results/in/a.json"), {
    source: { bucket: "daq", key: "in/a", eTag: "abc", bytes: 3 },
    length: 3,
  });
  assertEquals(one.calls, ["get in/a", "get results/in/a.json", "put results/in/a.json new"]);
});

Deno.test("a result that is there of this content is not written again, and nothing is computed", async () => {
  const one = bucket({ "in/a": "abc" }), { write, scored } = results(one);
  await write(entry("in/a"));
  assertEquals([await write(entry("in/a")), scored.length], [false, 1]);
  one.objects["in/a"] = "changed";
  one.calls.length = 0;
  assertEquals([await write(entry("in/a")), scored.length], [true, 2]);
  assertEquals(one.calls.at(-1), "put results/in/a.json if");
  assertEquals(read(one, "results/in/a.json").source.eTag, "changed");
  one.objects["results/in/a.json"] = "no JSON";
  assertEquals(await write(entry("in/a")), true, "something else lay there");
});

Deno.test("a result that another wrote meanwhile counts where it is of this content, and is an error else", async () => {
  for (const [eTag, expected] of [["abc", false], ["other", undefined]] as const) {
    const one = bucket({ "in/a": "abc" });
    const { write } = results(one, {
      score: () => {
        one.objects["results/in/a.json"] = JSON.stringify({ source: { eTag } });
        return Promise.resolve({});
      },
    });
    if (expected !== undefined) assertEquals(await write(entry("in/a")), expected);
    else await assertRejects(() => write(entry("in/a")), ConflictError);
    assertEquals(read(one, "results/in/a.json"), { source: { eTag } }, "what another wrote is left alone");
  }
  const lost = bucket({ "in/a": "abc" });
  lost.failOn((call) => call.startsWith("put") ? new BlobsError("the line is down") : undefined);
  await assertRejects(() => results(lost).write(entry("in/a")), BlobsError, "the line is down");
});

Deno.test("an object that is gone is at fault itself, a bucket in trouble is not", async () => {
  await assertRejects(
    () => results(bucket()).write(entry("in/a")),
    ObjectFault,
    "the object is not there any more",
  );
  for (const call of ["get in/a", "get results/in/a.json"]) {
    const one = bucket({ "in/a": "abc" });
    one.failOn((made) => made === call ? new BlobsError("the line is down") : undefined);
    await assertRejects(() => results(one).write(entry("in/a")), BlobsError, "the line is down");
  }
});

Deno.test("a key that no bucket can have is the object's fault, wherever it is refused", async () => {
  for (const call of ["get results/in/a.json", "put results/in/a.json new"]) {
    for (const refusal of [new RefusedKeyError("too long"), new RangeError("not a name")]) {
      const one = bucket({ "in/a": "abc" });
      one.failOn((made) => made === call ? refusal : undefined);
      await assertRejects(
        () => results(one).write(entry("in/a")),
        ObjectFault,
        "its result cannot be kept: ",
      );
    }
  }
  const one = bucket();
  one.failOn((made) => made === "get in/a" ? new RefusedKeyError("too long") : undefined);
  await assertRejects(() => results(one).write(entry("in/a")), ObjectFault, "not there any more");
});

Deno.test("of two names that one event may mean, the one with its content is scored, or both in doubt", async () => {
  const objects = () => bucket({ "in/a b": "one", "in/a+b": "two" });
  const scoredOf = async (one: Bucket, eTag: string) => {
    const { write, scored } = results(one);
    assertEquals(await write(entry("in/a b", eTag, "in/a+b")), true);
    return scored;
  };
  assertEquals(await scoredOf(objects(), "two"), ["in/a+b"]);
  assertEquals(await scoredOf(objects(), "one"), ["in/a b"]);
  assertEquals(await scoredOf(objects(), "gone"), ["in/a b", "in/a+b"]);
  assertEquals(await scoredOf(bucket({ "in/a+b": "two" }), "x"), ["in/a+b"]);
  const refused = bucket({ "in/a+b": "two" });
  refused.failOn((call) => call === "get in/a b" ? new RefusedKeyError("not allowed") : undefined);
  assertEquals(await scoredOf(refused, ""), ["in/a+b"]);
});

Deno.test("results and dead letters go to the buckets and prefixes that are named", async () => {
  const places: Record<string, Bucket> = { daq: bucket({ "in/a": "abc" }), out: bucket(), bad: bucket() };
  const made = createObjectResults({
    open: (name) => places[name].blobs,
    results: { bucket: "out" },
    dead: { bucket: "bad", prefix: "x/" },
    score: () => Promise.resolve({}),
  });
  await made.write(entry("in/a"));
  await made.bury(entry("in/a", "abc"), "no picture", 4);
  assertEquals(Object.keys(places.out.objects), ["in/a.json"]);
  assertEquals(read(places.bad, "x/in/a.json"), {
    source: { bucket: "daq", key: "in/a", eTag: "abc", sequencer: "1" },
    reason: "no picture",
    attempts: 4,
  });
});

Deno.test("a dead letter goes under a checksum where its key is refused, and nowhere where the bucket is in trouble", async () => {
  const one = bucket(), name = await sha256(bytes("in/a"));
  one.failOn((call) => call === "put dead/in/a.json" ? new RefusedKeyError("too long") : undefined);
  await results(one).bury(entry("in/a"), "bad", 1);
  assertEquals(Object.keys(one.objects), [`dead/${name}.json`]);
  one.failOn((call) => call.startsWith("put") ? new BlobsError("the line is down") : undefined);
  await assertRejects(() => results(one).bury(entry("in/a"), "bad", 1), BlobsError, "the line is down");
  assertEquals(one.calls.filter((call) => call.startsWith("put")).length, 3, "not tried under another name");
});

/** Waits for what the event loop has to do. */
const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

Deno.test("watchBuckets() tells of every object again and again, and goes on after a failure", () =>
  withWaits(async (waits) => {
    const one = bucket({ "in/a": "1", "in/": "2", "in/b_$folder$": "3", "other": "4" });
    const taken: unknown[] = [], errors: string[] = [];
    let looks = 0, done = () => {};
    const third = new Promise<void>((resolve) => done = resolve);
    one.failOn((call) => call.startsWith("list") && ++looks === 2 ? new Error("down") : undefined);
    const place = { bucket: "daq", prefix: "in/" };
    const stop = watchBuckets({
      places: [place],
      everyMs: 700,
      open: () => one.blobs,
      take: (events, from) => {
        taken.push(events, from.prefix);
        if (looks === 3) done();
        return Promise.resolve();
      },
      onError: ({ prefix }, error) => void errors.push(`${prefix} ${error}`),
    });
    await third;
    stop();
    assertEquals(taken.slice(0, 2), [[{ bucket: "daq", key: "in/a", eTag: "1" }], "in/"]);
    assertEquals([taken.length, errors], [4, ["in/ Error: down"]]);
    assertEquals(waits.filter((ms) => ms > 1).slice(0, 2), [700, 700]);
    await turn();
    await turn();
    assertEquals(looks, 3, "stopped");
  }));

Deno.test("watchBuckets() leaves out what has no tag, and does nothing without places", async () => {
  const one = bucket({ "in/a": "1" }), taken: unknown[] = [];
  const open = () => ({ ...one.blobs, list: () => Promise.resolve([{ key: "in/a", bytes: 1 }]) });
  let done = () => {};
  const looked = new Promise<void>((resolve) => done = resolve);
  const stop = watchBuckets({
    places: [{ bucket: "daq", prefix: "" }],
    everyMs: 1e6,
    open,
    take: (events) => {
      taken.push(...events);
      done();
      return Promise.resolve();
    },
    onError: () => {},
  });
  await looked;
  stop();
  assertEquals(taken, []);
  await withWaits((waits) => {
    watchBuckets({ places: [], everyMs: 5, open, take: () => Promise.reject(), onError: () => {} })();
    assertEquals(waits, []);
    return Promise.resolve();
  });
  assert(one.calls.length === 0);
});
