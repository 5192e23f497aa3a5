import { join } from "@std/path";
import { assert, assertClose, assertEquals } from "../assert.ts";
import { flatPng } from "../lib/serve/_service.ts";
import { freePort } from "../servers/free_port.ts";
import { until } from "../until.ts";
import { SIDE, tinyAnswer, tinyCard, tinyOnnx } from "../tiny_model.ts";
import { encodeHdf5 } from "../../lib/io/hdf5_write.ts";
import { createEdgeHost } from "../../lib/serve/edge_host.ts";
import { openHttpModels } from "../../lib/score/http_models.ts";
import { openStore } from "../../lib/store/store.ts";
import { bundleEdge } from "../../tasks/_bundle.ts";

const root = join(import.meta.dirname!, "..", "..");

/** A store's folder behind a plain file server, as a bucket with a web address. */
async function withModels(test: (url: string, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  await openStore(join(folder, "store")).publish(new Map([["model.onnx", tinyOnnx()]]), tinyCard());
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const bytes = await Deno.readFile(join(folder, new URL(request.url).pathname)).catch(() => undefined);
    return bytes ? new Response(bytes) : new Response(null, { status: 404 });
  });
  try {
    await test(`http://127.0.0.1:${server.addr.port}`, folder);
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
}

async function assertScores(response: Response): Promise<void> {
  const { answers, error } = await response.json();
  assertEquals([response.status, error], [200, undefined]);
  assertClose(answers.energy.value, tinyAnswer(30).energy, 1e-5);
}

/** The same request again and again until a server answers it. */
async function untilAnswered(url: string, status: Promise<Deno.CommandStatus>): Promise<Response> {
  let ended = false;
  void status.then(() => ended = true);
  const answers: Response[] = [];
  const ask = () => fetch(url, { method: "POST", body: flatPng(30) }).then((answer) => answers.push(answer));
  await until(`an answer of ${url}`, async () => ended || await ask().then(() => true, () => false));
  assert(answers.length > 0, `${url} ended without an answer`);
  return answers[0];
}

Deno.test("createEdgeHost() scores models at web addresses on the wasm runtime", () =>
  withModels(async (url) => {
    const { fetch } = createEdgeHost({ store: openHttpModels([`${url}/store/tiny/1`]) });
    await assertScores(
      await fetch(new Request("http://edge/score/tiny", { method: "POST", body: flatPng(30) })),
    );
    assertEquals((await fetch(new Request("http://edge/v2/health/ready"))).status, 200);
    assertEquals(
      (await fetch(new Request("http://edge/score/none", { method: "POST", body: flatPng(1) }))).status,
      404,
    );
  }));

Deno.test("openHttpModels() refuses a file that is not what the manifest says", () =>
  withModels(async (url, folder) => {
    await Deno.writeFile(join(folder, "store", "tiny", "1", "model.onnx"), tinyOnnx(2));
    const { fetch } = createEdgeHost({ store: openHttpModels([`${url}/store/tiny/1`]) });
    const response = await fetch(new Request("http://edge/v2/health/ready"));
    const { models } = await response.json();
    assertEquals(response.status, 503);
    assert(models[0].broken["1"].includes("not what its manifest says"), models[0].broken["1"]);
  }));

Deno.test("importing functions/score.ts needs no permission, and without settings it says so", async () => {
  const program = `
    const { default: { fetch } } = await import("./functions/score.ts");
    const response = await fetch(new Request("http://edge/"));
    console.log(response.status, (await response.json()).error);
  `;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "-"], // no file of it in the tree, which other tests list at the same time
    cwd: root,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await new Blob([program]).stream().pipeTo(child.stdin);
  const { stdout, stderr } = await child.output();
  const words = new TextDecoder().decode(stdout).trim();
  assert(words.startsWith("503 No models are set"), words + new TextDecoder().decode(stderr));
});

Deno.test("deno serve functions/score.ts scores from a store's folder without ffi", () =>
  withModels(async (_, folder) => {
    const port = freePort();
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "serve",
        "--no-prompt",
        "--allow-read",
        "--allow-env",
        "--host",
        "127.0.0.1",
        "--port",
        String(port),
        "functions/score.ts",
      ],
      cwd: root,
      env: { CLOUDCHAMBER_STORE: `file:${join(folder, "store")}` },
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      await assertScores(await untilAnswered(`http://127.0.0.1:${port}/score/tiny`, child.status));
    } finally {
      child.kill();
      await child.status;
    }
  }));

Deno.test("functions/score.ts bundles into a folder that scores with the network alone, as on an edge host", () =>
  withModels(async (url, folder) => {
    const bundle = join(folder, "edge", "score.js");
    await bundleEdge(join(folder, "edge"));
    const { size } = await Deno.stat(bundle);
    assert(size < 1 << 20, `${size} bytes are read at each start`);
    const wasm = join(root, "node_modules", "onnxruntime-web", "dist", "ort-wasm-simd-threaded.wasm");
    await Deno.copyFile(wasm, join(folder, "ort.wasm"));
    const port = freePort();
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "serve",
        "--no-prompt",
        "--no-config",
        "--allow-net",
        "--allow-env=CLOUDCHAMBER_MODELS,CLOUDCHAMBER_WASM",
        "--host",
        "127.0.0.1",
        "--port",
        String(port),
        bundle,
      ],
      cwd: folder,
      env: { CLOUDCHAMBER_MODELS: `${url}/store/tiny/1`, CLOUDCHAMBER_WASM: `${url}/ort.wasm` },
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      const address = `http://127.0.0.1:${port}/score/tiny`;
      await assertScores(await untilAnswered(address, child.status));
      const data = new Float32Array(SIDE * SIDE).fill(30), file = { image: { data, shape: [SIDE, SIDE] } };
      const body = (await encodeHdf5(file)).slice(); // its decoder is in a file that is loaded now
      const response = await fetch(address, { method: "POST", body });
      await assertScores(response);
    } finally {
      child.kill();
      await child.status;
    }
  }));
