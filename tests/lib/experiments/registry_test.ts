import { DEFAULT_EXPERIMENT, EXPERIMENTS, findExperiment } from "../../../lib/experiments/registry.ts";
import { assert, assertEquals, assertThrows } from "../../assert.ts";

Deno.test("every experiment has a name of its own, a summary of one line, and sound defaults", () => {
  assertEquals(new Set(EXPERIMENTS.map(({ name }) => name)).size, EXPERIMENTS.length);
  for (const { name, summary, defaults, options } of EXPERIMENTS) {
    assert(/^[a-z0-9][a-z0-9-]*$/.test(name), name);
    assert(summary.length > 0 && summary.length <= 80 && !summary.includes("\n"), `${name}: ${summary}`);
    assert(defaults.epochs >= 1 && defaults.batch >= 1, name);
    for (const [option, { help }] of Object.entries(options)) {
      assert(help.length > 0, `${name} --${option} has no help`);
      assert(
        !["epochs", "batch", "seed", "out", "resume"].includes(option),
        `${name} takes --${option} for itself`,
      );
    }
  }
});

Deno.test("findExperiment() knows the default and lists all where it knows none", () => {
  assertEquals(findExperiment(DEFAULT_EXPERIMENT).name, DEFAULT_EXPERIMENT);
  assertThrows(() => findExperiment("mnits"), RangeError, 'Cannot find experiment "mnits": there are ');
});

Deno.test("a search looks where an option's default lies, and for rates within 500 times the lowest", () => {
  for (const { name, options } of EXPERIMENTS) {
    for (
      const [option, { range, default: usual, log }] of Object.entries(options as Record<string, Ranged>)
    ) {
      if (range === undefined) continue;
      const place = `${name} --${option} from ${range[0]} to ${range.at(-1)}`;
      if (typeof range[0] !== "number") assert(range.includes(usual), `${place}: ${usual} is none of them`);
      else {
        const [low, high] = range as [number, number];
        assert(
          low < high && low <= Number(usual) && Number(usual) <= high,
          `${place}: ${usual} lies outside`,
        );
        if (log) assert(low > 0 && high <= 500 * low, `${place}: too wide`);
      }
    }
  }
});

interface Ranged {
  range?: readonly unknown[];
  default?: unknown;
  log?: boolean;
}
