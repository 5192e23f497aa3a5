/** Which versions answer: what is told of those that do not load, and what is forgotten of them. */
import { createBatcher } from "../../../lib/score/batcher.ts";
import { createUnit } from "../../../lib/score/compute.ts";
import { createModels, type ModelChange, type ModelsOptions } from "../../../lib/score/models.ts";
import { tinyCard } from "../../tiny_model.ts";
import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { type MemoryStore, memoryStore } from "../serve/_service.ts";

const BAD = new TextEncoder().encode("no model");

async function withModels(
  test: (
    models: ReturnType<typeof createModels>,
    store: MemoryStore,
    changes: ModelChange[],
  ) => Promise<void>,
  options: Partial<ModelsOptions> = {},
): Promise<void> {
  const store = memoryStore(), batcher = createBatcher([createUnit()]), changes: ModelChange[] = [];
  store.add();
  const onChange = (change: ModelChange) => changes.push(change);
  try {
    await test(createModels({ store, batcher, onChange, ...options }), store, changes);
  } finally {
    await batcher.close();
  }
}

Deno.test("createModels() tells why a version does not load, whatever was thrown, until it is gone from the store", () =>
  withModels(async (models, store, changes) => {
    store.add(BAD);
    await models.refresh();
    const [{ version, broken }] = models.status();
    assertEquals([version, Object.keys(broken)], ["1", ["2"]]);
    assertEquals(changes.map(({ version, what }) => [version, what]), [["2", "broken"], ["1", "loaded"]]);
    assertEquals([typeof changes[0].reason, changes[0].reason], ["string", broken["2"]]);
    store.models.get("tiny")!.pop();
    await models.refresh();
    assertEquals(models.status()[0].broken, {});
    store.add();
    const { fetch } = store;
    store.fetch = () => Promise.reject("the line is dead");
    await models.refresh();
    assertEquals(models.status()[0].broken, { "2": "the line is dead" });
    store.fetch = fetch;
    models.retry("tiny");
    await models.refresh();
    assertEquals([models.status()[0].version, models.status()[0].broken], ["2", {}]);
  }));

Deno.test("a version that did not load is tried again after its time, and not before", () =>
  withModels(async (models, store) => {
    const { now } = performance, { fetch } = store;
    let fetched = 0, passed = 0;
    store.fetch = (...asked) => (fetched++, fetch.apply(store, asked));
    performance.now = () => now.call(performance) + passed;
    try {
      store.add(BAD);
      for (const [ms, times] of [[0, 2], [500_000, 2], [1_000_000, 3]]) {
        passed = ms;
        await models.refresh();
        assertEquals(fetched, times, `after ${ms} ms`);
      }
    } finally {
      performance.now = now;
    }
  }, { retryMs: 900_000 }));

Deno.test("a model that was unloaded answers no more until it is to be tried again", () =>
  withModels(async (models) => {
    await models.refresh();
    assertEquals(models.ready(), true);
    models.unload("tiny");
    await assertRejects(() => models.acquire("tiny"), Error, 'Model "tiny" was unloaded');
    await models.refresh();
    const [{ version, loaded, problem }] = models.status();
    assertEquals([version, loaded, problem, models.ready()], [undefined, [], "it was unloaded", false]);
    models.retry("tiny");
    models.retry("other");
    await models.refresh();
    assertEquals([models.status()[0].version, models.status()[0].problem], ["1", undefined]);
    (await models.acquire("tiny")).release();
  }));

Deno.test("a version in use is kept until its last lease is given back, and given back once", () =>
  withModels(async (models, store, changes) => {
    await models.refresh();
    const [first, second] = [await models.acquire("tiny"), await models.acquire("tiny", "1")];
    store.add();
    await models.refresh();
    assertEquals(models.status()[0].loaded, ["1", "2"]);
    first.release();
    first.release();
    assertEquals(models.status()[0].loaded, ["1", "2"], "the second still uses it");
    second.release();
    await new Promise((resolve) => setTimeout(resolve, 0));
    assertEquals(models.status()[0].loaded, ["2"]);
    assertEquals(changes.filter(({ what }) => what === "unloaded").map(({ version }) => version), ["1"]);
  }));

Deno.test("those who ask for a version at the same time wait for one load of it", () =>
  withModels(async (models, store, changes) => {
    const { fetch } = store, fetched: string[] = [];
    store.fetch = (...asked) => (fetched.push(asked.slice(0, 2).join("/")), fetch.apply(store, asked));
    store.add();
    await models.refresh();
    const leases = await Promise.all([1, 2, 3].map(() => models.acquire("tiny", "1")));
    assertEquals(fetched, ["tiny/2", "tiny/1"]);
    assertEquals(changes.map(({ version, what }) => [version, what]), [["2", "loaded"], ["1", "loaded"]]);
    for (const { release } of leases) release();
  }));

Deno.test("only the models that are asked for are followed, and by their alias where one is wanted", () =>
  withModels(async (models, store) => {
    store.add();
    store.add(undefined, tinyCard({ name: "other" }));
    await models.refresh();
    assertEquals(models.status().map(({ name }) => name), ["tiny"]);
    assertEquals([models.status()[0].version, models.ready()], [undefined, false]);
    assert(models.status()[0].problem!.includes('no alias "champion"'));
    await assertRejects(
      () => models.acquire("tiny"),
      Error,
      'has no alias "champion": there are versions 1, 2',
    );
    store.aliases.tiny = { champion: "1" };
    await models.refresh();
    assertEquals([models.status()[0].version, models.ready()], ["1", true]);
    await assertRejects(() => models.acquire("other"), Error, 'There is no model "other": there are "tiny"');
    await assertRejects(() => models.acquire("tiny", "3"), Error, 'There is no version "3"');
  }, { only: ["tiny"], reference: "champion" }));
