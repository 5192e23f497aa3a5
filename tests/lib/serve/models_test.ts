import { assert, assertEquals } from "../../assert.ts";
import { tinyCard, tinyOnnx } from "../../tiny_model.ts";
import { flatPng, get, type MemoryStore, memoryStore, post, withHost } from "./_service.ts";
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
      }
      const last = await versionOf(host);
      stop = true;
      await Promise.all(load);
      assertEquals([failed, last], [0, "11"]);
      assert(answered > 10 && seen.size > 1, `${answered} answers by ${seen.size} versions`);
      await new Promise((resolve) => setTimeout(resolve));
      assertEquals(host.models.status()[0].loaded, ["11"], "versions that nobody uses are given up");
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
