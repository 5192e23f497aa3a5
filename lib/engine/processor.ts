/**
 * What is known of the processor, by which measurements on one are told from those on another.
 *
 * Linux's own /proc/cpuinfo is no source: Deno reads it with all permissions only, which no task has. The C library's answer
 * needs no more than TensorFlow itself. Source: sys/platform/x86.h of glibc 2.33 and later. @module
 */
import { cpus } from "node:os";

/** What the C library keeps of the processor's own words, by its numbers. */
const LEAVES = { identity: 0, extended: 1, extendedMore: 6 } as const;

/** Words of a leaf: what the processor says, and what of it the system lets programs use. */
const EAX = 0, USABLE_EAX = 4, USABLE_EDX = 7, WORDS = 8;

/** Bits of instructions that multiply bfloat16. */
const AVX512_BF16 = 1 << 5, AMX_BF16 = 1 << 22;

type Leaves = Readonly<Record<keyof typeof LEAVES, Uint32Array>>;

/** The processor's own words; undefined of another kind, where the C library is another, or where it may not be asked. */
function readLeaves(): Leaves | undefined {
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") return undefined;
  try {
    const library = Deno.dlopen("libc.so.6", {
      __x86_get_cpuid_feature_leaf: { parameters: ["u32"], result: "pointer" },
    });
    const read = (leaf: number) => {
      const view = new Deno.UnsafePointerView(library.symbols.__x86_get_cpuid_feature_leaf(leaf)!);
      return Uint32Array.from({ length: WORDS }, (_, i) => view.getUint32(4 * i));
    };
    const { identity, extended, extendedMore } = LEAVES;
    const found = { identity: read(identity), extended: read(extended), extendedMore: read(extendedMore) };
    library.close();
    return found;
  } catch {
    return undefined;
  }
}

let said: { leaves: Leaves | undefined } | undefined;

function leaves(): Leaves | undefined {
  return (said ??= { leaves: readLeaves() }).leaves;
}

/** Whether the processor has instructions that multiply bfloat16 (AVX512-BF16, AMX-BF16); undefined where nobody says. */
export function hasBfloat16(): boolean | undefined {
  const known = leaves();
  if (!known) return undefined;
  const vectors = known.extendedMore[USABLE_EAX] & AVX512_BF16, tiles = known.extended[USABLE_EDX] & AMX_BF16;
  return vectors !== 0 || tiles !== 0;
}

/** The name that its maker gave it; undefined where it may not be asked for. */
function modelName(): string | undefined {
  try {
    return cpus()[0]?.model.trim() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * The processor in a line, with its family, model and stepping as one number, as several generations may share one name, and the
 * number of its cores.
 *
 * @example
 * ```ts
 * import { processorName } from "./processor.ts";
 * processorName().includes(`${navigator.hardwareConcurrency} cores`); // true
 * ```
 */
export function processorName(): string {
  const { os, arch } = Deno.build, known = leaves();
  const identity = known ? [`cpuid ${known.identity[EAX].toString(16)}`] : [];
  return [modelName() ?? os, ...identity, arch, `${navigator.hardwareConcurrency} cores`].join(", ");
}
