/**
 * `deno task search`: searches for the best options of an experiment or of any program, and looks after studies.
 * @module
 */
import { runTask } from "./_cli.ts";

type Part = (args: readonly string[]) => number | Promise<number>;

/** What the first word may be, beside an experiment; each is loaded when it is wanted, as most need no engine. */
const VERBS: Readonly<Record<string, () => Promise<Part>>> = {
  worker: async () => (await import("./search/worker.ts")).runWorker,
  status: async () => (await import("./search/status.ts")).showStatus,
  stop: async () => (await import("./search/status.ts")).stopStudy,
  report: async () => (await import("./search/report.ts")).showReport,
  deploy: async () => (await import("./search/deploy.ts")).deployStudy,
  follow: async () => {
    const { showReport } = await import("./search/report.ts");
    return (args) => showReport([...args, "--follow"]);
  },
  export: async () => (await import("./search/transfer.ts")).exportStudy,
  import: async () => (await import("./search/transfer.ts")).importStudy,
};

/** Runs the task; see `--help`. */
export function main(args: string[]): Promise<number> {
  return runTask(async () => {
    const [first, ...rest] = args;
    if (first !== undefined && Object.hasOwn(VERBS, first)) return await (await VERBS[first]())(rest);
    const { runSearch } = await import("./search/run.ts");
    return await runSearch(args);
  });
}

if (import.meta.main) Deno.exit(await main(Deno.args));
