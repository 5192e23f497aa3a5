import { join } from "@std/path";
import { assert, assertEquals } from "../assert.ts";
import { readCounts } from "../../tasks/test.ts";

Deno.test("readCounts() reads the line that closes a run, coloured or not", () => {
  assertEquals(readCounts("a\nok | 15 passed | 0 failed (39ms)\n"), { passed: 15, failed: 0, skipped: 0 });
  assertEquals(
    readCounts(
      "\x1b[31mFAILED\x1b[0m | 1 passed (1 step) | 3 failed (1 step) | 2 ignored | 4 filtered out (9ms)\n",
    ),
    { passed: 1, failed: 3, skipped: 2 },
  );
  assertEquals(readCounts("error: Type checking failed.\n"), undefined);
});

/** Runs the test task on a file with `source`; gives its exit code and last line. */
async function runOn(source: string, env: Record<string, string> = {}, ...args: string[]) {
  const { code, last } = await sayOn(source, env, ...args);
  return { code, last };
}

/** The same, and all its lines. */
async function sayOn(source: string, env: Record<string, string> = {}, ...args: string[]) {
  const folder = await Deno.makeTempDir();
  const file = join(folder, "some_test.ts");
  await Deno.writeTextFile(file, source);
  try {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "tasks/test.ts", file, ...args],
      env: { CI: "false", ...env },
      stdin: "null",
      stderr: "null",
    }).output();
    const lines = new TextDecoder().decode(stdout).trimEnd().split("\n");
    return { code, last: lines.at(-1), lines };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const PASSING = `Deno.test("a", () => {});\n`;
const SKIPPED = `Deno.test({ name: "b", ignore: ${true}, fn() {} });\n`;

Deno.test("test task ends with the counts of the real run", async () => {
  assertEquals(await runOn(PASSING + SKIPPED), { code: 0, last: "1 passed, 0 failed, 1 skipped" });
  const failing = await runOn(`${PASSING}Deno.test("c", () => { throw new Error("no"); });`);
  assertEquals(failing, { code: 1, last: "1 passed, 1 failed, 0 skipped" });
});

Deno.test("test task says what failed and why next to its last line, where a log's end is all that is kept", async () => {
  const { lines } = await sayOn(`${PASSING}Deno.test("c", () => { throw new RangeError("no"); });`);
  const [title, name, message] = lines.slice(lines.indexOf("Failed:"));
  assertEquals({ title, message }, { title: "Failed:", message: "    RangeError: no" });
  assert(name.endsWith("some_test.ts: c"), name);
});

Deno.test("test task counts skipped tests as failed in continuous integration", async () => {
  assertEquals(await runOn(PASSING + SKIPPED, { CI: "true" }), {
    code: 1,
    last: "1 passed, 1 failed, 0 skipped",
  });
});

Deno.test("test task fails when a file does not load, when the process dies, and when it takes too long", async () => {
  const broken = await runOn(`const n: number = "text";`);
  assertEquals(broken, { code: 1, last: "0 passed, 1 failed, 0 skipped" });
  assertEquals(await runOn(`Deno.kill(Deno.pid, "SIGKILL");`), broken);
  const hanging = `Deno.test("d", () => new Promise(() => setInterval(() => {}, 1000)));`;
  assertEquals(await runOn(hanging, {}, "--limit", "0.05"), broken);
});

/** Fails in every second run. */
const FLAKY = `
const path = new URL("ran.txt", import.meta.url);
Deno.test("sometimes", () => {
  const ran = (() => { try { return Deno.readTextFileSync(path); } catch { return ""; } })();
  Deno.writeTextFileSync(path, ran + "x");
  if (ran.length % 2 === 1) throw new Error("now and then");
});
`;

Deno.test("test task with --repeat runs again and again and says which test failed how often", async () => {
  const { code, last, lines } = await sayOn(PASSING + FLAKY, {}, "--repeat", "4");
  assertEquals({ code, last }, { code: 1, last: "6 passed, 2 failed, 0 skipped" });
  const at = lines.indexOf("Failed in 4 runs:");
  assert(/^ {2}2 times {2}\S*some_test\.ts: sometimes$/.test(lines[at + 1]), lines.join("\n"));
  assertEquals(lines.filter((line) => /^Run \d of 4$/.test(line)).length, 4);
});
