import { engineReport, startEngine, tf } from "../../../lib/engine/mod.ts";
import { assert, assertClose, assertEquals, assertRejects } from "../../assert.ts";
import { runDeno } from "../../task_command.ts";

Deno.test("startEngine() takes the backend that is asked for and says so", async () => {
  for (const backend of ["cpu", "wasm", "tensorflow"] as const) {
    await startEngine({ backend });
    assertEquals([tf.getBackend(), engineReport().backend], [backend, backend]);
    assert(engineReport().threads >= 1);
  }
  const { version, library } = engineReport();
  assert(/^\d+\.\d+/.test(version), version);
  assert(library && (await Deno.stat(library)).isFile);
});

Deno.test("startEngine() computes in JavaScript without advice to install something else", async () => {
  // In a process of its own, as the advice is given once.
  const script = new URL("../../../lib/engine/mod.ts", import.meta.url).href;
  const code = `import { startEngine, tf } from "${script}";
    await startEngine({ backend: "cpu" });
    console.log(tf.add(tf.tensor1d([1]), 2).dataSync()[0]);`;
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  const ended = await runDeno(["eval", "--no-check", "--config", config, code]);
  assertEquals(ended, { code: 0, out: "3", err: "" });
});

Deno.test("startEngine() goes down the ladder, one line a step, where no library can be had", async () => {
  const empty = await Deno.makeTempDir();
  const script = new URL("../../../lib/engine/mod.ts", import.meta.url).href;
  const code = `import { startEngine, tf } from "${script}";
    await startEngine({ library: "${empty}", cacheFolder: "${empty}/cache", fetch: false, log: (l) => console.log("log " + l) });
    console.log("backend " + tf.getBackend());`;
  try {
    // No PATH, no home, no packages of Python: only the system's own folders could still hold a library.
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", "--config", new URL("../../../deno.json", import.meta.url).pathname, code],
      env: { PATH: "", HOME: empty, VIRTUAL_ENV: "", CONDA_PREFIX: "", CLOUDCHAMBER_TENSORFLOW: "" },
    }).output();
    const lines = new TextDecoder().decode(stdout).trim().split("\n");
    assert(lines.at(-1) === "backend wasm", lines.join("\n") + new TextDecoder().decode(stderr));
    assert(
      lines.some((line) => line.startsWith(`log Skipped "${empty}": it holds no libtensorflow`)),
      lines.join("\n"),
    );
    assert(
      lines.includes("log The tensorflow backend does not start here: trying the next"),
      lines.join("\n"),
    );
  } finally {
    await Deno.remove(empty, { recursive: true });
  }
});

Deno.test("startEngine() runs webgpu where a device is, and gives one clear line where none is", async () => {
  const lines: string[] = [];
  const adapter = await (navigator as { gpu?: GPU }).gpu?.requestAdapter().catch(() => null);
  if (!adapter) {
    const start = () => startEngine({ backend: "webgpu", log: (line) => lines.push(line) });
    await assertRejects(start, Error, "Cannot start the webgpu backend on this machine");
    assertEquals(lines.length, 1, lines.join("\n"));
    assert(lines[0].startsWith("The webgpu backend does not start: "), lines[0]);
    return;
  }
  await startEngine({ backend: "webgpu" });
  const x = tf.tensor2d([[1, 2], [3, 4]]), y = tf.matMul(x, x);
  assertClose(await y.data(), [7, 10, 15, 22], 1e-5);
  const numbers = Array.from({ length: 20 }, (_, i) => tf.scalar(i + 1));
  assertEquals([...await tf.addN(numbers).data()], [210], "more than a shader has buffers");
  tf.dispose([x, y, ...numbers]);
  await startEngine({ backend: "cpu" });
});
