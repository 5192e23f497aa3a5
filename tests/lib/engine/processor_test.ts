import { processorFlags, processorName } from "../../../lib/engine/processor.ts";
import { assert, assertEquals } from "../../assert.ts";

Deno.test("processorFlags() and processorName() give what Linux says, the same each time", async () => {
  const text = await Deno.readTextFile("/proc/cpuinfo").catch(() => undefined); // on Linux alone
  const line = (field: string) => text?.match(new RegExp(`^${field}\\s*:\\s*(.*)$`, "m"))?.[1];
  const flags = line("flags") ?? line("Features");
  assertEquals(processorFlags() && [...processorFlags()!], flags?.split(" "));
  const name = processorName();
  assertEquals(name, processorName());
  assert(name.includes(line("model name")?.trim() ?? Deno.build.arch), name);
  assert(name.endsWith(`${navigator.hardwareConcurrency} cores`), name);
});
