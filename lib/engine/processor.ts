/** What the system says of the processor, by which measurements on one are told from those on another. @module */

/** What Linux says, for its first core; undefined where nobody says. */
function linuxSays(): string | undefined {
  const path = "/proc/cpuinfo";
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return undefined;
  try {
    return Deno.readTextFileSync(path).split("\n\n")[0];
  } catch {
    return undefined; // another system, or a container that hides it
  }
}

let said: { text: string | undefined } | undefined;

function firstCore(): string | undefined {
  return (said ??= { text: linuxSays() }).text;
}

/** The processor's instruction sets as Linux calls them, such as `avx512_bf16`; undefined where nobody says. */
export function processorFlags(): ReadonlySet<string> | undefined {
  const line = firstCore()?.match(/^(?:flags|Features)\s*:\s*(.*)$/m);
  return line ? new Set(line[1].split(" ")) : undefined;
}

/** Whether the processor has instructions for bfloat16; undefined where nobody says. */
export function hasBfloat16(): boolean | undefined {
  const flags = processorFlags();
  return flags && (flags.has("avx512_bf16") || flags.has("amx_bf16"));
}

/** Fields that tell one processor from another: several generations may share one name. */
const FIELDS = ["vendor_id", "model name", "cpu family", "model", "cache size"];

/**
 * The processor in a line, with the number of its cores.
 *
 * @example
 * ```ts
 * import { processorName } from "./processor.ts";
 * processorName().includes(`${navigator.hardwareConcurrency} cores`); // true
 * ```
 */
export function processorName(): string {
  const text = firstCore() ?? "";
  const known = FIELDS.flatMap((field) => {
    const line = new RegExp(`^${field}\\s*:\\s*(.*)$`, "m").exec(text);
    return line ? [line[1].trim()] : [];
  });
  const { os, arch } = Deno.build;
  return [...(known.length > 0 ? known : [os]), arch, `${navigator.hardwareConcurrency} cores`].join(", ");
}
