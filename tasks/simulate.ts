/**
 * `deno task simulate NAME`: writes a simulated set in an experiment's own format. @module
 */
import { findSimulator, SIMULATORS } from "../lib/simulate/registry.ts";
import type { Simulator } from "../lib/simulate/simulator.ts";
import {
  CliError,
  createOutput,
  formatSeconds,
  interruptible,
  JSON_OPTION,
  type OptionTable,
  type Progress,
  readOptions,
  runTask,
  Stopped,
} from "./_cli.ts";

const DEFAULT_SIMULATOR = "cygno";

/** The simulator's options between those that all have. */
function optionTable(simulator: Simulator) {
  return {
    ...simulator.options as OptionTable,
    seed: {
      type: "integer",
      default: 1,
      min: 0,
      max: 2 ** 31 - 1,
      help: "The same seed gives the same bytes.",
    },
    out: { type: "string", default: simulator.out.path, hint: "PATH", help: simulator.out.help },
    workers: { type: "integer", min: 1, max: 256, help: "Threads; one a core unless given." },
    list: { type: "boolean", default: false, help: "List the simulators." },
    json: JSON_OPTION,
  } as const;
}

function find(name: string): Simulator {
  try {
    return findSimulator(name);
  } catch (error) {
    throw new CliError((error as Error).message);
  }
}

/** Runs the task; the exit code. */
export function main(args: string[]): Promise<number> {
  return runTask(async () => {
    const named = args.length > 0 && !args[0].startsWith("-") ? args[0] : undefined;
    const simulator = find(named ?? DEFAULT_SIMULATOR);
    const names = SIMULATORS.map(({ name }) => name).join(", ");
    const { options, words } = readOptions(args, optionTable(simulator), {
      usage: `deno task simulate ${named ?? "[SIMULATOR]"}`,
      summary: named ? `${simulator.summary}.` : `Simulates ${names} (default: ${DEFAULT_SIMULATOR}).\n` +
        "Each has options of its own: deno task simulate SIMULATOR --help",
      examples: [...simulator.examples, "deno task simulate --list"],
      words: [0, 1],
    });
    if (words[0] !== named) {
      throw new CliError(`Unexpected argument "${words[0]}": the simulator comes first`);
    }
    const output = createOutput(options);
    if (options.list) {
      output.table("simulator", SIMULATORS.map(({ name, summary }) => ({ name, summary })));
      return 0;
    }
    const { seed, out, workers, list: _, json: __, ...own } = options;
    const start = performance.now();
    let progress: Progress | undefined;
    try {
      const { files, events, comparison } = await interruptible((signal) => {
        return simulator.write(out, own, {
          seed,
          workers,
          signal,
          onProgress: (done, of) => {
            progress ??= output.progress("simulate", of, { unit: simulator.unit });
            progress.update(done);
          },
        });
      }).finally(() => progress?.end());
      const seconds = (performance.now() - start) / 1000;
      if (comparison) {
        output.table("comparison", comparison.map((row) => ({ ...row })), [
          "quantity",
          "published",
          "simulated",
        ]);
      }
      const [first, ...others] = files;
      output.record(
        "simulated",
        { simulator: simulator.name, files, events, seconds },
        `${events} ${simulator.unit} in ${[first, ...others].join(", ")} (${formatSeconds(seconds)})`,
      );
    } catch (error) {
      if (error instanceof Stopped) error.message += ": nothing half-written was left";
      throw error;
    }
  });
}

if (import.meta.main) Deno.exit(await main(Deno.args));
