import { assert, assertClose, assertEquals } from "../../assert.ts";
import { SIDE, tinyAnswer, tinyCard, tinyOnnx } from "../../tiny_model.ts";
import { flatPng, get, memoryStore, post, withHost } from "./_service.ts";

const tensor = (rows: number, value: number) => ({
  name: "image",
  shape: [rows, SIDE, SIDE, 1],
  datatype: "FP32",
  data: new Array(rows * SIDE * SIDE).fill(value),
});

Deno.test("GET /v2 describes the server, /v2/health says that it lives and is ready", () =>
  withHost(async (host) => {
    const server = await (await get(host, "/v2")).json();
    assertEquals(server.name, "cloudchamber");
    assert(server.extensions.includes("binary_tensor_data"));
    assertEquals((await get(host, "/v2/health/live")).status, 200);
    const ready = await get(host, "/v2/health/ready");
    assertEquals([ready.status, (await ready.json()).ready], [200, true]);
    assertEquals((await get(host, "/v2/models/tiny/ready")).status, 200);
    assertEquals((await get(host, "/v2/models/tiny/versions/1/ready")).status, 200);
    assertEquals((await get(host, "/v2/models/none/ready")).status, 404);
  }));

Deno.test("GET /v2/health/ready says no while there is no model at all", async () => {
  const store = memoryStore();
  store.models.set("tiny", []);
  await withHost(
    async (host) => {
      store.models.clear();
      await host.models.refresh();
      assertEquals((await get(host, "/v2/health/ready")).status, 503);
      assertEquals((await get(host, "/v2/health/live")).status, 200);
    },
    {},
    store,
  );
});

Deno.test("GET /v2/models/{model} gives inputs and outputs with -1 for the batch", () =>
  withHost(async (host) => {
    const metadata = await (await get(host, "/v2/models/tiny")).json();
    assertEquals(metadata.versions, ["1"]);
    assertEquals(metadata.inputs, [{ name: "image", datatype: "FP32", shape: [-1, SIDE, SIDE, 1] }]);
    assertEquals(metadata.outputs.map(({ name }: { name: string }) => name), ["kind", "energy"]);
    const versioned = await get(host, "/v2/models/tiny/versions/1");
    assertEquals((await versioned.json()).name, "tiny");
    assertEquals((await get(host, "/v2/models/tiny/versions/7")).status, 404);
  }));

Deno.test("POST infer answers JSON with the request's id, flat or nested data alike", () =>
  withHost(async (host) => {
    const flat = tensor(2, 0.25);
    const rows = [0, 1].map(() =>
      Array.from({ length: SIDE }, () => Array.from({ length: SIDE }, () => [0.25]))
    );
    for (const data of [flat.data, rows]) {
      const body = JSON.stringify({ id: "run7", inputs: [{ ...flat, data }] });
      const response = await post(host, "/v2/models/tiny/infer", body);
      assertEquals(response.status, 200);
      const answer = await response.json();
      assertEquals([answer.id, answer.model_name, answer.model_version], ["run7", "tiny", "1"]);
      const [kind, energy] = answer.outputs;
      assertEquals([kind.datatype, kind.shape, energy.shape], ["FP32", [2, 2], [2, 1]]);
      const { nuclear } = tinyAnswer(25);
      assertClose(kind.data, [1 - nuclear, nuclear, 1 - nuclear, nuclear], 1e-6);
      assertClose(energy.data, [0.25, 0.25], 1e-6);
    }
  }));

Deno.test("POST infer gives only the outputs asked for, in their order, and classes by name", () =>
  withHost(async (host) => {
    const outputs = [{ name: "energy" }, { name: "kind", parameters: { classification: 1 } }];
    const response = await post(
      host,
      "/v2/models/tiny/infer",
      JSON.stringify({ inputs: [tensor(1, 1)], outputs }),
    );
    const answer = await response.json();
    assertEquals(answer.outputs.map(({ name }: { name: string }) => name), ["energy", "kind"]);
    assertEquals(answer.outputs[1], {
      name: "kind",
      datatype: "BYTES",
      shape: [1, 1],
      data: ["1.000000:1:NR"],
    });
    const unknown = JSON.stringify({ inputs: [tensor(1, 1)], outputs: [{ name: "mass" }] });
    assertEquals((await post(host, "/v2/models/tiny/infer", unknown)).status, 400);
  }));

Deno.test("POST infer takes and gives tensors as bytes after the JSON", () =>
  withHost(async (host) => {
    const values = new Float32Array(SIDE * SIDE).fill(0.5);
    const json = new TextEncoder().encode(JSON.stringify({
      id: "b",
      parameters: { binary_data_output: true },
      inputs: [{
        name: "image",
        shape: [1, SIDE, SIDE, 1],
        datatype: "FP32",
        parameters: { binary_data_size: values.byteLength },
      }],
    }));
    const body = new Uint8Array(json.length + values.byteLength);
    body.set(json);
    body.set(new Uint8Array(values.buffer), json.length);
    const headers = { "inference-header-content-length": String(json.length) };
    const response = await post(host, "/v2/models/tiny/infer", body, headers);
    assertEquals(response.status, 200);
    const length = Number(response.headers.get("inference-header-content-length"));
    const bytes = new Uint8Array(await response.arrayBuffer());
    const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, length)));
    assertEquals(head.outputs.map((o: { parameters: unknown }) => o.parameters), [
      { binary_data_size: 8 },
      { binary_data_size: 4 },
    ]);
    const floats = new Float32Array(bytes.slice(length).buffer);
    const { nuclear } = tinyAnswer(50);
    assertClose(floats, [1 - nuclear, nuclear, 0.5], 1e-6);
    const raw = await post(host, "/v2/models/tiny/infer", new Uint8Array(values.buffer), {
      "inference-header-content-length": "0",
    });
    assertEquals(raw.status, 200);
    assertEquals(raw.headers.get("content-type"), "application/octet-stream");
  }));

Deno.test("POST infer refuses with 400 and a reason what the protocol does not allow", () =>
  withHost(async (host) => {
    const good = tensor(1, 0);
    const cases: [unknown, string][] = [
      [{}, '"inputs" must be an array'],
      [{ inputs: [] }, "at least one"],
      [{ inputs: [{ ...good, name: "other" }] }, 'no input "other"'],
      [{ inputs: [{ ...good, datatype: "FP16" }] }, "datatype must be one of"],
      [{ inputs: [{ ...good, datatype: "INT64" }] }, "must be FP32"],
      [{ inputs: [{ ...good, shape: [-1, SIDE, SIDE, 1] }] }, "whole number from 0"],
      [{ inputs: [{ ...good, shape: [2 ** 32, 2 ** 32, SIDE, 1] }] }, "more than"],
      [{ inputs: [{ ...good, shape: [2, SIDE, SIDE, 1] }] }, "needs 32 values: got 16"],
      [{ inputs: [{ ...good, shape: [1, SIDE * SIDE, 1, 1] }] }, "must be FP32 [-1,4,4,1]"],
      [{ inputs: [{ ...good, data: new Array(16).fill("a") }] }, "FP32 values"],
      [{ inputs: [good, good] }, "again"],
      [{ id: 7, inputs: [good] }, '"id" must be a string'],
      [{ inputs: [good], outputs: [{ name: "kind" }, { name: "kind" }] }, "twice"],
      [{ inputs: [{ ...good, parameters: { binary_data_size: 64 }, data: undefined }] }, "after the JSON"],
    ];
    for (const [body, reason] of cases) {
      const response = await post(host, "/v2/models/tiny/infer", JSON.stringify(body));
      const { error } = await response.json();
      assertEquals(
        [response.status, error.includes(reason)],
        [400, true],
        `${JSON.stringify(body)}: ${error}`,
      );
    }
    const deep = "[".repeat(5000) + "]".repeat(5000);
    assertEquals((await post(host, "/v2/models/tiny/infer", `{"inputs":${deep}}`)).status, 400);
    assertEquals((await post(host, "/v2/models/tiny/infer", "{")).status, 400);
    assertEquals((await get(host, "/v2/models/tiny/infer")).status, 405);
    const past = await post(host, "/v2/models/tiny/infer", "{}", { "inference-header-content-length": "99" });
    assertEquals(past.status, 400);
  }));

Deno.test("POST infer follows versions and aliases in the URL", async () => {
  const store = memoryStore();
  store.add(tinyOnnx(1));
  store.add(tinyOnnx(-1));
  store.aliases.tiny = { champion: "1" };
  await withHost(
    async (host) => {
      const body = JSON.stringify({ inputs: [tensor(1, 1)] });
      const versionOf = async (path: string) => (await (await post(host, path, body)).json()).model_version;
      assertEquals(await versionOf("/v2/models/tiny/infer"), "2");
      assertEquals(await versionOf("/v2/models/tiny/versions/1/infer"), "1");
      assertEquals(await versionOf("/v2/models/tiny/versions/champion/infer"), "1");
      const index = await (await post(host, "/v2/repository/index", "{}")).json();
      assertEquals(index.map(({ version }: { version: string }) => version), ["1", "2"]);
    },
    {},
    store,
  );
});

Deno.test("GET /openapi.json names every route that answers", () =>
  withHost(async (host) => {
    const { paths } = await (await get(host, "/openapi.json")).json();
    for (const [path, methods] of Object.entries(paths)) {
      const url = path.replace("{model}", "tiny").replace("{version}", "1");
      for (const method of Object.keys(methods as object)) {
        const response = await get(host, url, { method: method.toUpperCase() });
        await response.body?.cancel();
        assert(
          response.status !== 405 && (response.status !== 404 || path === "/events"),
          `${method} ${url}: ${response.status}`,
        );
      }
    }
  }, { only: [tinyCard().name] }));

Deno.test("POST infer computes a thousand examples in parts, and others meanwhile", () =>
  withHost(async (host) => {
    const rows = 1000, data = Array.from({ length: rows * 16 }, (_, i) => Math.floor(i / 16) / rows);
    const inputs = [{ name: "image", shape: [rows, SIDE, SIDE, 1], datatype: "FP32", data }];
    const outputs = [{ name: "energy" }];
    const large = post(host, "/v2/models/tiny/infer", JSON.stringify({ inputs, outputs }));
    const small = post(host, "/score/tiny", flatPng(50));
    assertEquals((await small).status, 200);
    const result = await (await large).json();
    assertEquals(result.outputs[0].shape, [rows, 1]);
    assertClose(result.outputs[0].data, Array.from({ length: rows }, (_, i) => i / rows), 1e-6);
  }));

Deno.test("POST infer and load refuse what this server does not have: shared memory, other configurations", () =>
  withHost(async (host) => {
    const shared = { shared_memory_region: "r", shared_memory_byte_size: 64 };
    const cases: [string, Record<string, unknown>, string][] = [
      ["/v2/models/tiny/infer", { inputs: [{ ...tensor(1, 0.5), parameters: shared }] }, "shared memory"],
      ["/v2/models/tiny/infer", {
        inputs: [tensor(1, 0.5)],
        outputs: [{ name: "energy", parameters: shared }],
      }, "shared memory"],
      ["/v2/repository/models/tiny/load", { parameters: { config: "{}" } }, '"config" is not possible'],
    ];
    for (const [path, request, words] of cases) {
      const response = await post(host, path, JSON.stringify(request));
      const { error } = await response.json();
      assertEquals([response.status, error.includes(words)], [400, true], error);
    }
  }));

Deno.test("POST unload frees a model until it is loaded again", () =>
  withHost(async (host) => {
    const status = async () => (await post(host, "/score/tiny", flatPng(1))).status;
    assertEquals((await post(host, "/v2/repository/models/tiny/unload")).status, 200);
    await host.models.refresh();
    assertEquals([await status(), host.models.status()[0].loaded], [503, []]);
    assertEquals((await post(host, "/v2/repository/models/tiny/load")).status, 200);
    assertEquals(await status(), 200);
    assertEquals((await post(host, "/v2/repository/models/none/unload")).status, 404);
  }));

Deno.test("a model may be called stats", async () => {
  const store = memoryStore();
  store.add(tinyOnnx(), tinyCard({ name: "stats" }));
  await withHost(
    async (host) => {
      assertEquals((await (await get(host, "/v2/models/stats")).json()).name, "stats");
      assertEquals((await (await get(host, "/v2/models/stats/stats")).json()).model_stats.length, 1);
    },
    {},
    store,
  );
});
