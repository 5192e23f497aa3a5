import { assert, assertEquals } from "../../assert.ts";
import { tinyCard, tinyOnnx } from "../../tiny_model.ts";
import { until } from "../../until.ts";
import { flatPng, get, type MemoryStore, memoryStore, post, withHost } from "./_service.ts";
import type { ListedModel } from "../../../lib/score/models.ts";
import type { Host } from "../../../lib/serve/host.ts";

const versionOf = async (host: Host, path = "/score/tiny") =>
  (await (await post(host, path, flatPng(1))).json()).version;

Deno.test("a newer version takes over without one failed request", async () => {
  const store = memoryStore();
  store.add();
  await withHost(
    async (host) => {
      let stop = false, failed = 0, answered = 0;
      const seen = new Set<string>();
      const load = Array.from({ length: 4 }, async () => {
        while (!stop) {
          const response = await post(host, "/score/tiny", flatPng(1));
          const { version } = await response.json();
          if (response.status !== 200) failed++;
          else seen.add(version);
          answered++;
        }
      });
      for (let i = 0; i < 10; i++) {
        store.add();
        await host.models.refresh();
        const before = answered; // each client may still wait for an answer of the version before
        await until("an answer of the next version", () => answered > before + load.length);
      }
      const last = await versionOf(host);
      stop = true;
      await Promise.all(load);
      assertEquals([failed, last], [0, "11"]);
      assertEquals(seen.size > 9, true, `answers of ${seen.size} versions`);
      await until("versions that nobody uses to be given up", () => {
        const [{ loaded }] = host.models.status();
        return loaded.length === 1 && loaded[0] === "11";
      });
    },
    {},
    store,
  );
});

Deno.test("a broken newer version leaves the old one in place and readiness says why", async () => {
  const store = memoryStore();
  store.add();
  await withHost(
    async (host) => {
      store.add(new TextEncoder().encode("no model"));
      store.add(
        tinyOnnx(),
        tinyCard({ inputs: [{ name: "picture", shape: [4, 4, 1], dtype: "float32", units: "" }] }),
      );
      await host.models.refresh();
      assertEquals(await versionOf(host), "1");
      const response = await get(host, "/v2/health/ready");
      const { models } = await response.json();
      assertEquals([response.status, models[0].version], [200, "1"]);
      assert(models[0].broken["3"].includes('input "picture"'), models[0].broken["3"]);
      const load = await post(host, "/v2/repository/models/tiny/load");
      assertEquals(load.status, 400);
      store.add();
      await host.models.refresh();
      assertEquals(await versionOf(host), "4");
    },
    {},
    store,
  );
});

Deno.test("a store that cannot be read leaves what is loaded and readiness says so", async () => {
  const store = memoryStore();
  store.add();
  await withHost(
    async (host) => {
      store.fault = new Error("the bucket is down");
      await host.models.refresh();
      assertEquals(await versionOf(host), "1");
      assertEquals((await (await get(host, "/v2/health/ready")).json()).store, "the bucket is down");
      store.fault = undefined;
      await host.models.refresh();
      assertEquals((await (await get(host, "/v2/health/ready")).json()).store, undefined);
    },
    {},
    store,
  );
});

Deno.test("memory is bounded: what was not used for the longest time is given up and comes back when asked for", async () => {
  const store = memoryStore();
  const bytes = tinyOnnx().length;
  for (const name of ["a", "b", "c"]) store.add(tinyOnnx(), tinyCard({ name }));
  await withHost(
    async (host) => {
      const loaded = () =>
        host.models.status().filter(({ loaded }) => loaded.length > 0).map(({ name }) => name);
      assertEquals(loaded(), ["b", "c"]);
      assertEquals(host.models.ready(), true);
      assertEquals((await post(host, "/score/b", flatPng(1))).status, 200);
      assertEquals((await post(host, "/score/a", flatPng(1))).status, 200);
      assertEquals(loaded(), ["a", "b"]);
      const many = await Promise.all(
        ["a", "b", "c", "a", "b", "c"].map((name) => post(host, `/score/${name}`, flatPng(1))),
      );
      for (const { status } of many) assert(status === 200 || status === 503, `status ${status}`);
    },
    { maxModelBytes: 5 * bytes },
    store,
  );
});

Deno.test("an alias says which version answers, and may go back", async () => {
  const store: MemoryStore = memoryStore();
  store.add();
  store.add();
  store.aliases.tiny = { champion: "1" };
  await withHost(
    async (host) => {
      assertEquals(await versionOf(host), "1");
      assertEquals(await versionOf(host, "/score/tiny/2"), "2");
      store.aliases.tiny = { champion: "2" };
      await host.models.refresh();
      assertEquals(await versionOf(host), "2");
      store.aliases.tiny = { champion: "1" };
      await host.models.refresh();
      assertEquals(await versionOf(host), "1");
    },
    { reference: "champion" },
    store,
  );
});

Deno.test("a model that leaves the store is not served any more", async () => {
  const store = memoryStore();
  store.add();
  store.add(tinyOnnx(), tinyCard({ name: "other" }));
  await withHost(
    async (host) => {
      store.models.delete("other");
      await host.models.refresh();
      assertEquals((await post(host, "/score/other", flatPng(1))).status, 404);
      assertEquals((await post(host, "/score/tiny", flatPng(1))).status, 200);
    },
    {},
    store,
  );
});

Deno.test("an alias that is taken away means no version: no other one answers in its place", async () => {
  const store = memoryStore();
  store.add();
  store.add();
  store.add(tinyOnnx(), tinyCard({ name: "other" }));
  store.aliases.tiny = { champion: "1" };
  store.aliases.other = { champion: "1" };
  await withHost(
    async (host) => {
      assertEquals(await versionOf(host), "1");
      store.aliases.tiny = {};
      await host.models.refresh();
      const response = await post(host, "/score/tiny", flatPng(1));
      const { error } = await response.json();
      assertEquals([response.status, error.includes('no alias "champion"')], [404, true], error);
      assertEquals(await versionOf(host, "/score/tiny/2"), "2");
      const ready = await get(host, "/v2/health/ready");
      const { models } = await ready.json();
      assertEquals([ready.status, models[0].name, models[0].ready], [200, "tiny", false]);
      assert(models[0].problem.includes('no alias "champion"'));
      assertEquals((await post(host, "/score/other", flatPng(1))).status, 200);
      store.aliases.tiny = { champion: "2" };
      await host.models.refresh();
      assertEquals(await versionOf(host), "2");
    },
    { reference: "champion" },
    store,
  );
});

/** Lets a test change what a store lists; gives what undoes it. */
function listing(
  store: MemoryStore,
  change: (models: ListedModel[]) => ListedModel[] | Promise<ListedModel[]>,
): () => void {
  const list = store.list;
  store.list = async () => await change(await list.call(store));
  return () => {
    store.list = list;
  };
}

Deno.test("a version that was deleted answers until an older one is loaded, and readiness says so", async () => {
  const store = memoryStore();
  store.add(new TextEncoder().encode("no model"));
  store.add();
  await withHost(
    async (host) => {
      listing(store, (models) => models.map((model) => ({ ...model, versions: ["1"] })));
      await host.models.refresh();
      assertEquals(await versionOf(host), "2", "the older one does not load");
      const { models } = await (await get(host, "/v2/health/ready")).json();
      assert(models[0].problem.includes("version 2 is gone from the store"), JSON.stringify(models));
      store.models.get("tiny")![0].onnx = tinyOnnx();
      host.models.retry("tiny");
      await host.models.refresh();
      assertEquals(await versionOf(host), "1");
      assertEquals((await (await get(host, "/v2/health/ready")).json()).models[0].problem, undefined);
    },
    {},
    store,
  );
});

Deno.test("GET /models shows the other models where one cannot be loaded", async () => {
  const store = memoryStore(), bytes = tinyOnnx().length;
  for (const name of ["a", "b"]) store.add(tinyOnnx(), tinyCard({ name }));
  await withHost(
    async (host) => {
      store.fetch = () => Promise.reject(new Error("the bucket is down"));
      const { models } = await (await get(host, "/models")).json();
      const described = models.map((
        { name, version }: { name: string; version?: string },
      ) => [name, version]);
      assertEquals(described, [["a", undefined], ["b", "1"]]);
      const again = (await (await get(host, "/models")).json()).models;
      assert(again[0].broken["1"].includes("the bucket is down"));
    },
    { maxModelBytes: 3 * bytes },
    store,
  );
});

Deno.test("a store that lists nothing, or does not answer, leaves the last models in place until it is back", async () => {
  const store = memoryStore();
  store.add();
  await withHost(
    async (host) => {
      const said = async () => (await (await get(host, "/v2/health/ready")).json()).store;
      let undo = listing(store, () => []);
      await host.models.refresh();
      assertEquals([await versionOf(host), (await said()).includes("lists no models")], ["1", true]);
      undo();
      undo = listing(store, () => new Promise<ListedModel[]>(() => {}));
      await host.models.refresh();
      assertEquals([await versionOf(host), (await said()).includes("does not answer")], ["1", true]);
      undo();
      store.add();
      await host.models.refresh();
      assertEquals([await versionOf(host), await said()], ["2", undefined]);
    },
    { storeTimeoutMs: 50 },
    store,
  );
});

Deno.test("aliases that cannot be read leave the model at its last version, and the others are followed", async () => {
  const store = memoryStore();
  for (const name of ["a", "b"]) {
    store.add(tinyOnnx(), tinyCard({ name }));
    store.add(tinyOnnx(), tinyCard({ name }));
    store.aliases[name] = { champion: "1" };
  }
  await withHost(
    async (host) => {
      store.aliases.b = { champion: "2" };
      listing(
        store,
        (models) =>
          models.map((model) =>
            model.name === "a" ? { ...model, aliases: {}, aliasProblem: "it is not JSON" } : model
          ),
      );
      await host.models.refresh();
      assertEquals([await versionOf(host, "/score/a"), await versionOf(host, "/score/b")], ["1", "2"]);
      const { models } = await (await get(host, "/v2/health/ready")).json();
      assertEquals(models.map(({ problem }: { problem?: string }) => problem), ["it is not JSON", undefined]);
    },
    { reference: "champion" },
    store,
  );
});

Deno.test("a load from a store that hangs says so in time, and readiness meanwhile", async () => {
  const store = memoryStore();
  store.add();
  await withHost(
    async (host) => {
      let end = () => {};
      const hanging = new Promise<ListedModel[]>((_, reject) => end = () => reject(new Error("no line")));
      const undo = listing(store, () => hanging);
      const load = post(host, "/v2/repository/models/tiny/load");
      await until("readiness to say so", async () => {
        const ready = await (await get(host, "/v2/health/ready")).json();
        return ready.store?.includes("memory has not answered for");
      });
      const response = await load;
      assertEquals([response.status, response.headers.get("retry-after")], [503, "5"]);
      assertEquals(host.models.status()[0].version, "1");
      undo();
      end();
      await host.models.refresh(); // ends with the listing that hung
      assertEquals((await post(host, "/v2/repository/models/tiny/load")).status, 200);
    },
    { silenceMs: 20, limits: { deadlineMs: 150 } },
    store,
  );
});
