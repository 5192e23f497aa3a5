import { hasBfloat16, processorName } from "../../../lib/engine/processor.ts";
import { assert, assertEquals } from "../../assert.ts";

const MODULE = new URL("../../../lib/engine/processor.ts", import.meta.url).href;

/** What a process with these permissions says. */
async function saysWith(...permissions: string[]): Promise<{ can?: boolean; name: string }> {
  const code = `import { hasBfloat16, processorName } from "${MODULE}";
    console.log(JSON.stringify({ can: hasBfloat16(), name: processorName() }));`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-config", ...permissions, "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(code));
  await writer.close();
  return JSON.parse(new TextDecoder().decode((await child.output()).stdout));
}

/** What Linux says of the first core. */
const text = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
const field = (name: string) => new RegExp(`^${name}\\s*:\\s*(.*)$`, "m").exec(text)?.[1].trim();

Deno.test("hasBfloat16() is what Linux says of the processor", () => {
  const flags = field("flags")?.split(" ");
  if (Deno.build.arch !== "x86_64" || !flags) return assertEquals(hasBfloat16(), undefined);
  assertEquals(hasBfloat16(), flags.includes("avx512_bf16") || flags.includes("amx_bf16"));
});

Deno.test("processorName() tells generations of one name apart", () => {
  const name = processorName();
  assertEquals(name, processorName());
  assert(name.endsWith(`${Deno.build.arch}, ${navigator.hardwareConcurrency} cores`), name);
  const [family, model, stepping] = ["cpu family", "model", "stepping"].map((name) => Number(field(name)));
  if (Deno.build.arch !== "x86_64" || !family) return;
  // As CPUID puts them together: four bits each, and what is beyond 15 of the family and of the model elsewhere.
  const low = Math.min(family, 15), extended = family - low;
  const word = extended << 20 | model >> 4 << 16 | low << 8 | (model & 15) << 4 | stepping;
  assert(
    name.includes(`${field("model name")}, cpuid ${word.toString(16)}`),
    `${name}, not ${word.toString(16)}`,
  );
});

Deno.test("what is said of the processor needs no more than the tasks may do", async () => {
  const here = { can: hasBfloat16(), name: processorName() };
  assertEquals(await saysWith("--allow-ffi", "--allow-sys"), JSON.parse(JSON.stringify(here)));
  const unknown = await saysWith();
  assertEquals(unknown, {
    name: `${Deno.build.os}, ${Deno.build.arch}, ${navigator.hardwareConcurrency} cores`,
  });
});
