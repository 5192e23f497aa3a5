import { assertEquals } from "../../assert.ts";
import { HARMLESS_FOLDER, readHarmless, reasonFor } from "../../../tasks/mutants/_harmless.ts";

Deno.test("reasonFor() knows a fault by its file and its lines, whatever the blanks", () => {
  const known = [{ file: "a.ts", line: "if (b)\nc();", fault: "if (b)\n;", reason: "c() is only quicker" }];
  const diff = "-   if (b)\n-     c();\n+   if (b)\n+     ;";
  assertEquals(reasonFor(known, "a.ts", diff), "c() is only quicker");
  assertEquals(reasonFor(known, "b.ts", diff), undefined);
  assertEquals(reasonFor(known, "a.ts", diff + "d"), undefined);
});

Deno.test("the lists of harmless faults name lines that are there, and why", async () => {
  const trimmed = (text: string) => text.split("\n").map((line) => line.trim()).join("\n");
  const wrong: string[] = [];
  for await (const { name } of Deno.readDir(HARMLESS_FOLDER)) {
    const room = name.replace(/\.json$/, "");
    for (const { file, line, fault, reason } of await readHarmless(room)) {
      const isRight = file.startsWith(`lib/${room}/`) && line !== fault && reason.length > 10 &&
        trimmed(await Deno.readTextFile(file)).includes(trimmed(line));
      if (!isRight) wrong.push(`${file}: ${line}`);
    }
  }
  assertEquals(wrong, []);
});
