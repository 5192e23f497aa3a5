/** Every notebook as it is runs top to bottom on Deno's kernel without one error. @module */
import { basename, join } from "@std/path";
import { assert } from "../assert.ts";
import { testWith } from "../needs.ts";
import { assertRan, execute } from "../notebooks/_execute.ts";

const FOLDER = join(import.meta.dirname!, "..", "..", "notebooks");
const names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => name.endsWith(".ipynb"));

for (const name of names.map((file) => basename(file, ".ipynb")).sort()) {
  testWith("jupyter", `notebooks/${name}.ipynb as it is runs top to bottom`, async (jupyter) => {
    const result = await execute(jupyter, FOLDER, name);
    assert("executed" in result, "error" in result ? result.error : "");
    assertRan(result.executed, name);
  });
}
