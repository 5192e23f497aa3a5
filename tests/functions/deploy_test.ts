import { join } from "@std/path";
import { assert, assertEquals } from "../assert.ts";
import { get, withHost } from "../lib/serve/_service.ts";
import { runDeno } from "../task_command.ts";

const folder = join(import.meta.dirname!, "..", "..", "functions", "deploy");
const read = (file: string) => Deno.readTextFile(join(folder, file));

Deno.test("manifests probe routes that answer, on the port that the container listens on", () =>
  withHost(async (host) => {
    const port = /EXPOSE (\d+)/.exec(await read("Dockerfile"))?.[1];
    assert((await read("Dockerfile")).includes(`"--port", "${port}"`));
    for (const file of ["kubernetes.yaml", "inference_service.yaml"]) {
      const text = await read(file);
      const paths = [...text.matchAll(/path: (\/[\w/]+)/g)].map(([, path]) => path);
      assert(paths.includes("/v2/health/ready") && paths.includes("/v2/health/live"), file);
      for (const path of paths.filter((path) => path.startsWith("/v2"))) {
        assertEquals((await get(host, path)).status, 200, `${file}: ${path}`);
      }
      assert(text.includes(`containerPort: ${port}`), file);
    }
  }));

Deno.test("manifests and Dockerfile use options that serve knows", async () => {
  const program = join(folder, "..", "..", "tasks", "serve.ts");
  const { code, out: help, err } = await runDeno(["run", "--no-prompt", program, "--help"]);
  assertEquals(code, 0, err);
  for (const file of ["kubernetes.yaml", "inference_service.yaml"]) {
    const args = /args: \[([^\]]*)\]/.exec(await read(file))?.[1] ?? "";
    const options = args.split(/,\s+/).map((word) => word.trim()).filter((word) => word.startsWith("--"));
    assert(options.length > 0);
    for (const option of options) assert(help.includes(`${option} `), `${file}: ${option}`);
  }
});
