import { join } from "@std/path";
import { assertEquals } from "./assert.ts";

const root = join(import.meta.dirname!, "..");
const { tasks } = JSON.parse(Deno.readTextFileSync(join(root, "deno.json")));

/** What `deno.json` runs for a task: Deno's arguments with the permissions, and last the program, from any folder. */
export function taskArguments(task: string): string[] {
  const words = (tasks[task].command as string).split(" ").slice(1);
  return [...words.slice(0, -1), join(root, words.at(-1)!)];
}

/** How a process went. */
export interface Ended {
  code: number;
  /** What it printed, without blanks at both ends. */
  out: string;
  /** What it complained of, without what Deno and the libraries say of the machine. */
  err: string;
}

/** Where a process runs. */
export interface RunOptions {
  cwd?: string;
  env?: Readonly<Record<string, string>>;
}

/** Lines by which Deno and the libraries say what they find on a machine; another machine has others. */
const OF_THE_MACHINE = [
  /^Blocking waiting for file lock on /, // another process of Deno's is installing packages
  /^[IWE]\d{4} \d\d:\d\d:\d+\.\d+ /, // TensorFlow: instructions, cores, an allocation that is a tenth of what is free
  /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWE] /, // TensorFlow, of an older release
  /^WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR/,
  /^To enable the following instructions: /,
  /\[[IWE]:onnxruntime:/, // ONNX Runtime: devices that it could not ask
  /^onnxruntime cpuid_info warning: /,
  /^Error in cpuinfo: /,
];

function withoutMachine(text: string): string {
  return text.split("\n").filter((line) => !OF_THE_MACHINE.some((words) => words.test(line))).join("\n");
}

/** Runs Deno in a process of its own. */
export async function runDeno(args: readonly string[], { cwd, env }: RunOptions = {}): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout).trim(), err: withoutMachine(text(stderr)).trim() };
}

/** Fails unless a process ended well and warned of nothing; how far it was, which a slow one tells, is no complaint. */
export function assertDone({ code, err }: Ended): void {
  assertEquals(code, 0, err);
  assertEquals(err.split("\n").filter((line) => /\b(error|warning)\b/i.test(line)), []);
}

/** Runs a task in a process of its own, with the permissions that `deno.json` gives it. */
export function runTask(task: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return runDeno([...taskArguments(task), ...args], options);
}
