import { dirname, join } from "@std/path";
import { assert, assertEquals } from "../assert.ts";
import { withFolder } from "../folder.ts";
import { COMPONENTS, findComponent, forgetComponents, goProgramPath } from "../../tasks/_components.ts";

/**
 * Calls `body` as if these variables of ours and no others were set, and nothing remembered before or after. The environment
 * itself stays: it is one for all tests that run beside each other.
 */
async function withEnvironment(
  values: Record<string, string>,
  body: () => void | Promise<void>,
): Promise<void> {
  const { get } = Deno.env;
  Deno.env.get = (name) => values[name] ?? (name.startsWith("CLOUDCHAMBER_") ? undefined : get(name));
  forgetComponents();
  try {
    await body();
  } finally {
    Deno.env.get = get;
    forgetComponents();
  }
}

Deno.test("findComponent() takes what the environment names and says when it is not there", async () => {
  await withFolder(async (folder) => {
    const program = join(folder, "gateway");
    await Deno.writeTextFile(program, "");
    await withEnvironment({ CLOUDCHAMBER_VERSITYGW: program }, () => {
      assertEquals(findComponent("versitygw"), { path: program, note: "CLOUDCHAMBER_VERSITYGW" });
    });
    await withEnvironment({ CLOUDCHAMBER_WRK: join(folder, "none") }, () => {
      assertEquals(findComponent("wrk"), {
        reason: `CLOUDCHAMBER_WRK names "${join(folder, "none")}": no such file`,
      });
    });
  });
});

Deno.test("findComponent() looks on PATH, and in the cache for what setup compiled", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "minio"), "");
    await withEnvironment({ CLOUDCHAMBER_CACHE: join(folder, "cache"), PATH: folder }, async () => {
      assertEquals(findComponent("minio"), { path: join(folder, "minio"), note: "on PATH" });
      assertEquals(findComponent("versitygw"), { reason: "no versitygw on PATH" });
      assertEquals(findComponent("keras"), { reason: "not installed" });
      const path = goProgramPath("versitygw");
      await Deno.mkdir(dirname(path), { recursive: true });
      await Deno.writeTextFile(path, "program");
      const sha256 = "0eaefc0e25c3b59a7cbcecfef2d5fc10d52ba5f3d79a6c1c0d2c9f6e1a4cbf1f";
      await Deno.writeTextFile(`${path}.sha256`, `${sha256}\n`);
      forgetComponents();
      assertEquals(findComponent("versitygw"), { reason: `${path} is damaged: its checksum differs` });
      const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode("program"));
      await Deno.writeTextFile(`${path}.sha256`, `${new Uint8Array(bytes).toHex()}\n`);
      forgetComponents();
      assertEquals(findComponent("versitygw"), { path, note: "cache" });
    });
  });
});

function setup(...args: string[]) {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "tasks/setup.ts", ...args],
    stdin: "null",
  }).output();
}

Deno.test("setup --check reports every component, changing nothing", async () => {
  const { code, stdout } = await setup("--check", "--json");
  const rows = new TextDecoder().decode(stdout).trim().split("\n").map((line) => JSON.parse(line));
  const names = rows.filter(({ type }) => type === "component").map(({ name }) => name);
  assertEquals([code, names], [0, ["tensorflow", ...Object.keys(COMPONENTS)]]);
});

Deno.test("setup refuses a component that there is not", async () => {
  const { code, stderr } = await setup("--with", "kera");
  assertEquals(code, 2);
  assert(new TextDecoder().decode(stderr).includes('got "kera" (nearest: keras)'));
});
