import { assert, assertEquals } from "../assert.ts";
import { runTask } from "../task_command.ts";

interface Line {
  type: "mutant" | "room";
  room: string;
  outcome?: string;
  diff?: string;
}

Deno.test("of sixty faults, three a room, the tests see eight in ten", async () => {
  // Ten files of tests for each, nearest first: what survives them is tried on all that the task takes by itself.
  const { code, out, err } = await runTask("test:mutants", ["--count=3", "--tests=10", "--json"]);
  assertEquals(code, 0, err);
  const lines: Line[] = out.split("\n").map((line) => JSON.parse(line));
  const faults = lines.filter(({ type, outcome }) => type === "mutant" && outcome !== "harmless");
  const survivors = faults.filter(({ outcome }) => outcome === "survived" || outcome === "untested");
  assert(faults.length > 45, `only ${faults.length} faults`);
  const text = survivors.map(({ room, diff }) => `${room}\n${diff}`).join("\n");
  console.log(`${survivors.length} of ${faults.length} survived:\n${text}`);
  assert(
    survivors.length <= 0.2 * faults.length,
    `${survivors.length} of ${faults.length} survived`,
  );
});
