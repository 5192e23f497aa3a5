import { createEdgeHost } from "../../../lib/serve/edge_host.ts";
import { assertEquals } from "../../assert.ts";
import { BASE, memoryStore } from "./_service.ts";

Deno.test("createEdgeHost() looks into its store at the first request, and again where the last look is old", async () => {
  const store = memoryStore(), { list } = store, { now } = Date;
  store.add();
  let looks = 0, passedMs = 0;
  store.list = () => (looks++, list.call(store));
  Date.now = () => 1e12 + passedMs;
  try {
    const host = createEdgeHost({ store, pollMs: 5000, unit: { runtime: "native" } });
    assertEquals(looks, 0);
    for (const [ms, expected] of [[0, 1], [4999, 1], [5000, 1], [5001, 2], [9999, 2], [10_002, 3]]) {
      passedMs = ms;
      const response = await host.fetch(new Request(`${BASE}/v2/models/tiny/ready`));
      assertEquals([response.status, looks], [200, expected], `after ${ms} ms`);
      await response.body?.cancel();
    }
  } finally {
    Date.now = now;
  }
});
