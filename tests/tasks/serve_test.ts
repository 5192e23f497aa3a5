/** The server as users start it: raw sockets, signals, a full disk, a store that changes, and other people's clients. */
import { join } from "@std/path";
import { assert, assertEquals } from "../assert.ts";
import { testWith } from "../needs.ts";
import { flatPng } from "../lib/serve/_service.ts";
import { type ScoringServer, startScoring } from "../servers/scoring.ts";
import { runTask } from "../task_command.ts";
import { until } from "../until.ts";
import { tinyCard, tinyOnnx } from "../tiny_model.ts";
import { createRng } from "../../lib/base/rng.ts";
import { encodePng } from "../../lib/io/png.ts";
import { openStore, type Store } from "../../lib/store/store.ts";

/** A store with the tiny model in a folder of its own. */
async function withStore(test: (folder: string, store: Store) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const store = openStore(join(folder, "store"));
    await store.publish(new Map([["model.onnx", tinyOnnx()]]), tinyCard());
    await test(folder, store);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Starts a server over the folder's store with one worker. */
const serve = (folder: string, ...args: string[]) =>
  startScoring(["--store", join(folder, "store"), "--workers", "1", ...args]);

/** Sends bytes as they are and gives the answer's status line, or "" if the connection is closed without one. */
async function raw(server: ScoringServer, parts: (string | Uint8Array)[]): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  try {
    const reading = (async () => {
      const buffer = new Uint8Array(4096);
      const count = await connection.read(buffer).catch(() => null);
      return new TextDecoder().decode(buffer.subarray(0, count ?? 0)).split("\r\n")[0];
    })();
    for (const part of parts) {
      const bytes = typeof part === "string" ? new TextEncoder().encode(part) : part;
      for (let done = 0; done < bytes.length;) {
        const written = await connection.write(bytes.subarray(done)).catch(() => undefined);
        if (written === undefined) break; // the server has heard enough
        done += written;
      }
    }
    return await reading;
  } finally {
    connection.close();
  }
}

async function isReady(server: ScoringServer): Promise<boolean> {
  const response = await fetch(`${server.url}/v2/health/ready`);
  await response.body?.cancel();
  return response.ok;
}

Deno.test("serve survives bodies that lie about their length, chunks made by hand, slow clients and garbage", () =>
  withStore(async (folder) => {
    await using server = await serve(folder, "--body-timeout", "5", "--max-body", "1", "--log", "none");
    const head = (more: string) => `POST /score/tiny HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;
    const png = flatPng(1);
    const statusOf = async (parts: (string | Uint8Array)[]) => (await raw(server, parts)).split(" ")[1] ?? "";
    // What never ends is asked at once with all else, as it takes all of its time.
    const slow = Promise.all([
      statusOf([head("Content-Length: 5000\r\n"), png]),
      statusOf([head("Transfer-Encoding: chunked\r\n"), "5\r\nab"]),
    ]);
    assertEquals(await statusOf([head(`Content-Length: ${png.length}\r\n`), png]), "200");
    const chunk = `${png.length.toString(16)}\r\n`;
    assertEquals(
      await statusOf([head("Transfer-Encoding: chunked\r\n"), chunk, png, "\r\n0\r\n\r\n"]),
      "200",
    );
    assertEquals(await statusOf([head("Content-Length: 20\r\n"), png]), "400", "more than announced");
    assertEquals(await statusOf([head("Content-Length: 99999999\r\n"), png]), "413");
    for (const size of ["zz", "ffffffffffffffff"]) {
      const status = await statusOf([head("Transfer-Encoding: chunked\r\n"), `${size}\r\nabc`]);
      assert(["", "400", "408", "413"].includes(status), `chunk of ${size}: ${status}`);
    }
    for (
      const fields of [
        "Content-Length: -1\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: abc\r\n",
      ]
    ) {
      assert(["400", ""].includes(await statusOf([head(fields), "hello"])), fields);
    }
    const large = new Uint8Array(3 << 20);
    assertEquals(
      await statusOf([
        `GET /v2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${large.length}\r\n\r\n`,
        large,
      ]),
      "200",
    );
    assert(
      ["405", ""].includes(
        await statusOf([
          `PUT /score/tiny HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${large.length}\r\n\r\n`,
          large,
        ]),
      ),
    );
    const endless = new Uint8Array(2 << 20).fill(0x41);
    const big = `${endless.length.toString(16)}\r\n`;
    assertEquals(
      await statusOf([head("Transfer-Encoding: chunked\r\n"), big, endless, "\r\n0\r\n\r\n"]),
      "413",
    );
    for (
      const garbage of [
        "\0\x01\x02\r\n\r\n",
        "GET\r\n\r\n",
        `GET /${"a".repeat(9000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      ]
    ) {
      const status = await statusOf([garbage]);
      assert(!status.startsWith("5"), `${garbage.slice(0, 20)}: ${status}`);
    }
    const half = await Promise.all(Array.from({ length: 50 }, async () => {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
      await connection.write(new TextEncoder().encode("POST /score/tiny HTTP/1.1\r\nHost:"));
      return connection;
    }));
    assert(await isReady(server), "ready though fifty clients have sent half a header");
    for (const connection of half) connection.close();
    assert(await isReady(server));
    assertEquals(await slow, ["408", "408"], "less than announced, a chunk that never ends");
  }));

Deno.test("serve answers health long before a picture that has to wait for its turn", () =>
  withStore(async (folder) => {
    await using server = await serve(folder, "--max-queue", "1000");
    const rng = createRng(7), side = 576;
    const frame = encodePng({
      data: Uint8Array.from({ length: side * side }, () => 90 + 20 * rng()),
      height: side,
      width: side,
    }).slice();
    let stop = false, scored = 0;
    const score = async (id = "another") => {
      const headers = { "x-request-id": id };
      const response = await fetch(`${server.url}/score/tiny`, { method: "POST", headers, body: frame });
      await response.body?.cancel();
      assertEquals(response.status, 200);
      scored++;
    };
    const clients = Array.from({ length: 24 }, async () => {
      while (!stop) await score();
    });
    await until("the first pictures", () => scored >= 24);
    const rounds = Array.from({ length: 20 }, (_, i) => i);
    for (const i of rounds) {
      const own = score(`own-${i}`), headers = { "x-request-id": `health-${i}` };
      const response = await fetch(`${server.url}/v2/health/${i % 2 ? "live" : "ready"}`, { headers });
      await response.body?.cancel();
      await own;
    }
    stop = true;
    await Promise.all(clients);
    // Which came first the server's log knows: this process may be late to hear of either.
    const at = (id: string) => server.lines.findIndex((line) => line.id === id);
    const isLogged = (i: number) => at(`own-${i}`) >= 0 && at(`health-${i}`) >= 0;
    await until("the log of all answers", () => rounds.every(isLogged));
    const sooner = rounds.filter((i) => at(`health-${i}`) < at(`own-${i}`)).length;
    assert(sooner > 15, `health came before one's own picture ${sooner} times of 20, behind 24 others`);
  }));

Deno.test("serve finishes at SIGTERM what it has begun, says that it is not ready, and ends with 0", () =>
  withStore(async (folder) => {
    const limits = ["--drain", "30", "--body-timeout", "60", "--max-delay", "2000", "--max-batch", "64"];
    await using server = await serve(folder, ...limits);
    const active = async () =>
      Number(/http_requests_active (\d+)/.exec(await (await fetch(`${server.url}/metrics`)).text())![1]);
    let send = (_: Uint8Array<ArrayBuffer>) => {};
    const slow = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        send = (bytes) => {
          controller.enqueue(bytes);
          controller.close();
        };
      },
    });
    const alone = await active(); // the question itself
    const bodies = [...Array.from({ length: 8 }, () => flatPng(1)), slow];
    let scored = 0;
    const running = bodies.map(async (body) => {
      const response = await fetch(`${server.url}/score/tiny`, { method: "POST", body });
      await response.body?.cancel();
      scored++;
      return response.status;
    });
    // Eight wait for their batch to fill, one for its picture.
    await until("all nine to be asked", async () => await active() + scored >= 9 + alone);
    server.child.kill("SIGTERM");
    await until("the server to say so", async () => {
      const ready = await fetch(`${server.url}/v2/health/ready`);
      return ready.status === 503 && (await ready.json()).draining || (await ready.body?.cancel(), false);
    });
    send(flatPng(1));
    assertEquals(await Promise.all(running), new Array(9).fill(200));
    assertEquals((await server.status).code, 0);
  }));

Deno.test("serve takes up new versions from the store while it is under load, and keeps the old one before a broken one", () =>
  withStore(async (folder, store) => {
    await using server = await serve(folder, "--poll", "0.05");
    let stop = false;
    const statuses = new Map<number, number>(), versions = new Set<string>();
    const clients = Array.from({ length: 3 }, async () => {
      while (!stop) {
        const response = await fetch(`${server.url}/score/tiny`, { method: "POST", body: flatPng(1) });
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
        versions.add((await response.json()).version);
      }
    });
    for (const wanted of ["2", "3"]) {
      await store.publish(new Map([["model.onnx", tinyOnnx()]]), tinyCard());
      await until(`version ${wanted}`, () => versions.has(wanted));
    }
    await store.publish(new Map([["model.onnx", new Uint8Array(99)]]), tinyCard());
    await until("word of the broken version", async () => {
      const { models } = await (await fetch(`${server.url}/v2/health/ready`)).json();
      return models[0].broken?.["4"] !== undefined;
    });
    stop = true;
    await Promise.all(clients);
    assertEquals([[...statuses.keys()], versions.has("4")], [[200], false]);
  }));

Deno.test("serve turns tokens over when their file changes", () =>
  withStore(async (folder) => {
    const tokens = join(folder, "tokens");
    await Deno.writeTextFile(tokens, "score first");
    await using server = await serve(folder, "--tokens", tokens);
    const status = async (token: string) => {
      const response = await fetch(`${server.url}/models`, { headers: { authorization: `Bearer ${token}` } });
      await response.body?.cancel();
      return response.status;
    };
    assertEquals([await status("first"), await status("second")], [200, 401]);
    await Deno.writeTextFile(tokens, "score second");
    await until("the new token to work", async () => await status("second") === 200);
    assertEquals(await status("first"), 401);
  }));

Deno.test("serve refuses bad options with one line and code 2", async () => {
  for (const args of [["--prot", "1"], ["--tokens", "none/such"], ["--watch", "s3://daq"], ["--port", "x"]]) {
    const { code, err } = await runTask("serve", args);
    assertEquals([args, code, err.split("\n").length], [args, 2, 1], err);
  }
});

Deno.test({
  name:
    "serve answers 503 and keeps nothing of an event that the disk has no room for, and goes on when there is room",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withStore(async (folder) => {
      const journal = join(folder, "journal");
      const args = [
        "--store",
        join(folder, "store"),
        "--workers",
        "1",
        "--events",
        "s3://daq/",
        "--journal",
        journal,
      ];
      const s3 = { endpoint: "http://127.0.0.1:9", credentials: { accessKeyId: "a", secretAccessKey: "b" } };
      const record = (i: number) => ({
        eventName: "s3:ObjectCreated:Put",
        s3: {
          bucket: { name: "daq" },
          object: { key: `in/${i}-${"x".repeat(80)}`, eTag: "e", sequencer: "1" },
        },
      });
      const kept: number[] = [];
      {
        // Files may grow to 4 blocks of 512 bytes: the journal is full after a dozen events.
        await using server = await startScoring(args, {
          s3,
          wrap: ["sh", "-c", 'trap "" XFSZ; ulimit -f 4; exec "$@"', "sh"],
        });
        const statuses = new Set<number>();
        for (let i = 0; i < 40; i++) {
          const response = await fetch(`${server.url}/events`, {
            method: "POST",
            body: JSON.stringify({ Records: [record(i)] }),
          });
          await response.body?.cancel();
          statuses.add(response.status);
          if (response.status === 202) kept.push(i);
        }
        assertEquals([...statuses].sort(), [202, 503]);
        assert(await isReady(server));
      }
      await using again = await startScoring(args, { s3 });
      const metrics = await (await fetch(`${again.url}/metrics`)).text();
      assert(metrics.includes(`events{state="pending"} ${kept.length}\n`), metrics);
      const response = await fetch(`${again.url}/events`, {
        method: "POST",
        body: JSON.stringify({ Records: [record(39)] }),
      });
      assertEquals([response.status, (await response.json()).accepted], [202, 1]);
    }),
});

testWith("curl", "curl alone can ask for everything", (curl) =>
  withStore(async (folder) => {
    await using server = await serve(folder);
    const png = join(folder, "a.png");
    await Deno.writeFile(png, flatPng(30));
    const run = async (...args: string[]) => {
      const { success, stdout, stderr } = await new Deno.Command(curl, { args: ["-sS", "--fail", ...args] })
        .output();
      assert(success, new TextDecoder().decode(stderr));
      return new TextDecoder().decode(stdout);
    };
    assertEquals(
      JSON.parse(await run("--data-binary", `@${png}`, `${server.url}/score/tiny`)).answers.kind.label,
      "NR",
    );
    const two = JSON.parse(await run("-F", `a=@${png}`, "-F", `b=@${png}`, `${server.url}/score/tiny`));
    assertEquals(two.results.length, 2);
    assert((await run(`${server.url}/`)).startsWith("<!doctype html>"));
    const body = JSON.stringify({
      inputs: [{ name: "image", shape: [1, 4, 4, 1], datatype: "FP32", data: new Array(16).fill(0) }],
    });
    assertEquals(JSON.parse(await run("-d", body, `${server.url}/v2/models/tiny/infer`)).outputs[0].data, [
      0.5,
      0.5,
    ]);
    await run("-I", `${server.url}/v2/health/ready`);
  }));

testWith("tritonclient", "tritonclient[http] works unmodified", (python) =>
  withStore(async (folder) => {
    await using server = await serve(folder);
    const program = `
import numpy as np, tritonclient.http as http
client = http.InferenceServerClient("127.0.0.1:${server.port}")
assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("tiny")
assert client.is_model_ready("tiny", "1") and not client.is_model_ready("none")
assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
assert client.get_model_metadata("tiny")["inputs"][0]["shape"] == [-1, 4, 4, 1]
assert client.get_model_config("tiny")["max_batch_size"] > 0
assert client.get_model_repository_index()[0]["state"] == "READY"
client.load_model("tiny")
pixels = np.full((2, 4, 4, 1), 0.25, np.float32)
expected = np.array([[1 / (1 + np.exp(4)), 1 / (1 + np.exp(-4))]] * 2, np.float32)
for binary in (True, False):
    for packed in (None, "gzip", "deflate"):
        image = http.InferInput("image", pixels.shape, "FP32")
        image.set_data_from_numpy(pixels, binary_data=binary)
        wanted = [http.InferRequestedOutput("kind", binary_data=binary), http.InferRequestedOutput("energy", binary_data=binary)]
        result = client.infer("tiny", [image], outputs=wanted, request_id="run7", request_compression_algorithm=packed)
        assert result.get_response()["id"] == "run7"
        np.testing.assert_allclose(result.as_numpy("kind"), expected, atol=1e-6)
        np.testing.assert_allclose(result.as_numpy("energy"), [[0.25], [0.25]], atol=1e-6)
best = client.infer("tiny", [image], outputs=[http.InferRequestedOutput("kind", class_count=1)])
assert best.as_numpy("kind")[0][0].decode().endswith(":1:NR"), best.as_numpy("kind")
both = [client.async_infer("tiny", [image], model_version="1") for _ in range(8)]
assert all(one.get_result().as_numpy("energy").shape == (2, 1) for one in both)
try:
    bad = http.InferInput("image", [1, 3], "FP32")
    bad.set_data_from_numpy(np.zeros((1, 3), np.float32))
    client.infer("tiny", [bad])
    raise SystemExit("a wrong shape was accepted")
except http.InferenceServerException as error:
    assert "must be FP32" in error.message(), error.message()
(stats,) = client.get_inference_statistics("tiny", "1")["model_stats"]
assert stats["version"] == "1" and stats["inference_stats"]["success"]["count"] == 15, stats
assert stats["inference_count"] == 30 and stats["inference_stats"]["fail"]["count"] == 1, stats
assert sum(size["compute_infer"]["count"] for size in stats["batch_stats"]) == stats["execution_count"]
assert client.get_inference_statistics()["model_stats"] == [stats]
print("done")
`;
    const { success, stdout, stderr } = await new Deno.Command(python, { args: ["-c", program] }).output();
    assert(success, new TextDecoder().decode(stderr));
    assertEquals(new TextDecoder().decode(stdout).trim(), "done");
  }));
