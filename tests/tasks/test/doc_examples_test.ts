import { join } from "@std/path";
import { assert, assertEquals } from "../../assert.ts";
import { compareComments, findDocExamples, writeExampleTests } from "../../../tasks/test/_doc_examples.ts";

Deno.test("compareComments() wraps an expression with a value behind it, over lines and inside blocks", () => {
  assertEquals(compareComments("f(\n  1,\n); // 2\n"), 'checkShown(f(\n  1,\n), "2"); // 2\n');
  assertEquals(
    compareComments("for (const a of b) {\n  a; // 1\n}"),
    'for (const a of b) {\n  checkShown(a, "1"); // 1\n}',
  );
  assertEquals(compareComments("await f(); // true"), 'checkShown(await f(), "true"); // true');
  for (const code of ["const a = 1; // 1", "f(); // closes it", "f();\n// 1", "'// 1';"]) {
    assertEquals(compareComments(code), code);
  }
});

Deno.test("findDocExamples() finds TypeScript in doc comments and nowhere else", () => {
  const source = [
    'const text = "/** not a comment */";',
    "/* ```ts\n1;\n``` */",
    "class A {\n  /**\n   * A.\n   * ```ts\n   * a;\n   * b;\n   * ```\n   */\n  m() {}\n}",
    "/**\n * ```ts ignore\n * c;\n * ```\n * ```json\n * {}\n * ```\n */\nexport const x = 1;",
  ].join("\n");
  assertEquals(findDocExamples(source), [{ line: 9, code: "a;\nb;\n" }]);
});

async function run(...args: string[]) {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args,
    env: { CI: "false", NO_COLOR: "1" },
    stdin: "null",
    stderr: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  return { code, text, last: text.trimEnd().split("\n").at(-1) };
}

Deno.test("writeExampleTests() writes tests that fail where a comment is not true", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const lines = (shown: string) => ["/**", " * ```ts", ` * half(3); // ${shown}`, " * ```", " *" + "/"];
    const code = "export const half = (n: number) => n / 2;\n";
    await Deno.writeTextFile(join(folder, "half.ts"), [...lines("1.5"), ...lines("1.25"), code].join("\n"));
    assertEquals(await writeExampleTests([join(folder, "half.ts")], join(folder, "tests")), 2);
    const { code: exit, text } = await run("test", "--no-check", "--config=deno.json", join(folder, "tests"));
    assertEquals(exit, 1);
    assert(text.includes("1 passed | 1 failed"), text);
    assert(text.includes("half.ts:8 (example)") && text.includes("it says 1.25, got 1.5"), text);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("test task runs the examples of a file that is named", async () => {
  const { code, last } = await run("run", "-A", "tasks/test.ts", "lib/base/normal.ts");
  assertEquals({ code, last }, { code: 0, last: "1 passed, 0 failed, 0 skipped" });
});
