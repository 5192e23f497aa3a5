/** What the routes of v2 say beside inference, and what the contract says of every route. */
import { get, memoryStore, post, withHost } from "./_service.ts";
import { openApi } from "../../../lib/serve/openapi.ts";
import type { LogEntry } from "../../../lib/serve/service.ts";
import type { Region } from "../../../lib/image/preprocessing/registry.ts";
import { cropOf } from "../../../lib/serve/view.ts";
import * as v2 from "../../../lib/serve/v2_routes.ts";
import { SIDE } from "../../tiny_model.ts";
import { assert, assertEquals } from "../../assert.ts";

const MODEL = "/v2/models/tiny";
const one = JSON.stringify({
  inputs: [{
    name: "image",
    datatype: "FP32",
    shape: [1, SIDE, SIDE, 1],
    data: Array(SIDE * SIDE).fill(0.5),
  }],
});

Deno.test("GET config describes tensors without their batch, which may be of any size", () =>
  withHost(async (host) => {
    const config = await (await get(host, `${MODEL}/config`)).json();
    assertEquals(config, {
      name: "tiny",
      platform: "onnxruntime_onnx",
      backend: "onnxruntime",
      version_policy: { latest: { num_versions: 1 } },
      max_batch_size: 64,
      input: [{ name: "image", data_type: "TYPE_FP32", dims: [SIDE, SIDE, 1] }],
      output: [
        { name: "kind", data_type: "TYPE_FP32", dims: [2] },
        { name: "energy", data_type: "TYPE_FP32", dims: [1] },
      ],
      dynamic_batching: {},
    });
    assertEquals(await (await get(host, `${MODEL}/ready`)).json(), {
      name: "tiny",
      version: "1",
      ready: true,
    });
    const { parameters, platform } = await (await get(host, MODEL)).json();
    assertEquals([parameters, platform], [
      { version: "1", description: "Sum and mean of 16 pixels" },
      "onnxruntime_onnx",
    ]);
  }));

Deno.test("POST index lists all versions, or those in memory alone where that is asked for", async () => {
  const store = memoryStore();
  store.add();
  store.add();
  await withHost(
    async (host) => {
      const index = async (body?: string) => await (await post(host, "/v2/repository/index", body)).json();
      const all = [
        { name: "tiny", version: "1", state: "UNAVAILABLE", reason: "not loaded" },
        { name: "tiny", version: "2", state: "READY", reason: "" },
      ];
      for (const body of [undefined, "{}", '{"ready":false}', '{"ready":1}', "[]"]) {
        assertEquals(
          await index(body),
          all,
        );
      }
      assertEquals(await index('{"ready":true}'), [all[1]]);
      assertEquals((await post(host, "/v2/repository/index", "{")).status, 400);
    },
    {},
    store,
  );
});

Deno.test("statistics count what a version did, and only of those in memory", () =>
  withHost(async (host) => {
    const before = await (await get(host, `${MODEL}/stats`)).json();
    assertEquals(
      before.model_stats.map(({ name, inference_count }: Record<string, unknown>) => [name, inference_count]),
      [
        ["tiny", 0],
      ],
    );
    await post(host, `${MODEL}/infer`, one);
    for (const path of [`${MODEL}/stats`, `${MODEL}/versions/1/stats`, "/v2/models/stats"]) {
      const { model_stats: [stats] } = await (await get(host, path)).json();
      assertEquals(
        [stats.version, stats.inference_count, stats.inference_stats.success.count],
        ["1", 1, 1],
        path,
      );
    }
    assertEquals((await get(host, "/v2/models/other/stats")).status, 404);
    assertEquals((await get(host, `${MODEL}/versions/9/stats`)).status, 404);
  }));

Deno.test("the log says which model and version a request was for", async () => {
  const log: LogEntry[] = [];
  await withHost(async (host) => {
    await post(host, `${MODEL}/infer`, one);
    await get(host, `${MODEL}/ready`);
  }, { log: (entry) => log.push(entry) });
  const told = log.filter(({ model }) => model !== undefined).map((
    { model, version, batch },
  ) => [model, version, batch]);
  assertEquals(told.slice(-2), [["tiny", "1", 1], ["tiny", "1", undefined]]);
});

Deno.test("classes are named by the labels of the output that is asked for, and by none where it has none", () =>
  withHost(async (host) => {
    const outputs = ["kind", "energy"].map((name) => ({ name, parameters: { classification: 1 } }));
    const answer = await (await post(host, `${MODEL}/infer`, JSON.stringify({ ...JSON.parse(one), outputs })))
      .json();
    const [[kind], [energy]] = answer.outputs.map(({ data }: { data: string[] }) => data);
    assert(/^[\d.]+:1:NR$/.test(kind), kind);
    assertEquals(energy, "0.500000:0");
  }));

Deno.test("infer takes its time from the request in microseconds, and none below nothing", () =>
  withHost(async (host) => {
    const ask = (timeout: unknown) =>
      post(host, `${MODEL}/infer`, JSON.stringify({ ...JSON.parse(one), parameters: { timeout } }));
    assertEquals((await ask(0)).status, 200);
    assertEquals((await ask(60_000_000)).status, 200);
    assertEquals((await ask(1)).status, 503);
    for (const timeout of [-1, "1", null]) {
      const response = await ask(timeout);
      assertEquals(response.status, 400, String(timeout));
      const text = await response.text();
      if (timeout === -1) assert(text.includes("must be a number of microseconds from 0"), text);
    }
  }));

Deno.test("POST load refuses another configuration or other files than the store's", () =>
  withHost(async (host) => {
    const load = (body?: string) => post(host, "/v2/repository/models/tiny/load", body);
    for (const body of [undefined, "{}", '{"parameters":{}}', '{"parameters":[]}']) {
      assertEquals((await load(body)).status, 200, body);
    }
    const refused = await load('{"parameters":{"config":"{}"}}');
    assertEquals(refused.status, 400);
    assert((await refused.text()).includes("is not possible here"));
  }));

Deno.test("cropOf() says what was looked at unless it is the whole picture, on each of its sides", () => {
  assertEquals(cropOf({ rows: [0, 4], columns: [0, 6] }, 4, 6), undefined);
  const parts: Region[] = [
    { rows: [1, 4], columns: [0, 6] },
    { rows: [0, 3], columns: [0, 6] },
    { rows: [0, 4], columns: [1, 6] },
    { rows: [0, 4], columns: [0, 5] },
  ];
  for (const region of parts) assertEquals(cropOf(region, 4, 6), region);
});

Deno.test("infer names the output that the model has not", () =>
  withHost(async (host) => {
    const outputs = [{ name: "kind" }, { name: "mass" }];
    const response = await post(host, `${MODEL}/infer`, JSON.stringify({ ...JSON.parse(one), outputs }));
    assertEquals(response.status, 400);
    assert((await response.text()).includes('has no output \\"mass\\"'));
  }));

Deno.test("drain() lets what is asked already be answered, and waits no longer than that", () =>
  withHost(async (host) => {
    const encoder = new TextEncoder();
    let end = () => {};
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(encoder.encode(one.slice(0, 20)));
        end = () => {
          controller.enqueue(encoder.encode(one.slice(20)));
          controller.close();
        };
      },
    });
    const asked = host.fetch(new Request(`http://test${MODEL}/infer`, { method: "POST", body }));
    const start = performance.now(), drained = host.drain(20_000).then(() => performance.now() - start);
    setTimeout(end, 50);
    assertEquals((await asked).status, 200);
    assert(await drained < 15_000);
  }));

Deno.test("openApi() says in words what every route and every answer is, and what none may see without a token", () =>
  withHost(async (host) => {
    const { paths } = await (await get(host, "/openapi.json")).json();
    const open = ["/v2", "/v2/health/live", "/v2/health/ready"];
    for (const [path, operations] of Object.entries(paths as Record<string, Record<string, unknown>>)) {
      for (const operation of Object.values(operations)) {
        const { summary, responses } = operation as {
          summary: string;
          responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
        };
        assertEquals(typeof summary, "string", path);
        for (const [status, { description, content }] of Object.entries(responses)) {
          assertEquals(typeof description, "string", `${path} ${status}`);
          for (const { schema } of Object.values(content ?? {})) assertEquals(typeof schema, "object", path);
        }
        const guarded = [401, 403].filter((status) => status in responses);
        assertEquals(guarded, open.includes(path) ? [] : [401, 403], path);
      }
    }
  }));

/** Every schema of an object in a document. */
function objectsIn(value: unknown): Record<string, unknown>[] {
  if (typeof value !== "object" || value === null) return [];
  const inside = Object.values(value).flatMap(objectsIn);
  return "properties" in value && "type" in value ? [value as Record<string, unknown>, ...inside] : inside;
}

Deno.test("openApi() describes each property of an object by a schema, and wants none that it does not describe", () =>
  withHost(async (host) => {
    const document = await (await get(host, "/openapi.json")).json(), found = objectsIn(document);
    assert(found.length > 20, `${found.length} objects`);
    for (const { type, properties, required = [] } of found) {
      const where = JSON.stringify(properties);
      assert(type === "object" && !Array.isArray(properties), where);
      for (const schema of Object.values(properties as object)) assertEquals(typeof schema, "object", where);
      for (const name of required as string[]) assert(name in (properties as object), `${name} in ${where}`);
    }
    const answer = await (await get(host, "/v2/models/none")).json();
    const { Problem } = document.components.schemas;
    assertEquals([Object.keys(Problem.properties), Problem.required], [Object.keys(answer), ["error"]]);
  }));

Deno.test("GET /metrics counts times in buckets from half a millisecond to ten seconds", () =>
  withHost(async (host) => {
    await post(host, `${MODEL}/infer`, one);
    const text = await (await get(host, "/metrics")).text();
    const [name] = /\w+_seconds_bucket/.exec(text)!;
    const limits = [...text.matchAll(new RegExp(`^${name}\\{.*le="([^"]+)".*\\}`, "gm"))].map(([, limit]) =>
      limit
    );
    const steps = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    assertEquals([...new Set(limits)], [...steps.map(String), "+Inf"]);
  }));

Deno.test("openApi() asks for what stands in a path, lets the rest be left out, and says nothing of parameters where there are none", () =>
  withHost(async (host) => {
    const { paths } = await (await get(host, "/openapi.json")).json();
    const seen = new Set<string>();
    for (
      const [path, operations] of Object.entries(
        paths as Record<
          string,
          Record<string, { parameters?: { name: string; in: string; required: boolean }[] }>
        >,
      )
    ) {
      for (const { parameters } of Object.values(operations)) {
        if (parameters) assert(parameters.length > 0, path);
        const named = (parameters ?? []).filter((one) => one.in === "path").map(({ name }) => name);
        assertEquals(named, [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name), path);
        for (const one of parameters ?? []) {
          assertEquals(one.required, one.in === "path", `${path} ${one.name}`);
          seen.add(one.in);
        }
      }
    }
    assert(seen.has("path") && (seen.has("query") || seen.has("header")), [...seen].join());
    assertEquals([typeof openApi, typeof v2.infer], ["function", "function"]);
  }));
