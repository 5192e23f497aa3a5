/** How time and memory of training grow with batch, pixels and number of examples: once, four times, sixteen times. @module */
import { quantity, SERIES, type Spec, toSpec } from "../../lib/plot/mod.ts";
import {
  type BenchContext,
  type BenchRow,
  type BenchTable,
  chooseParts,
  median,
  readProgram,
} from "./_bench.ts";

/** Name on the command line. */
export const name = "growth";
/** What it measures. */
export const summary =
  "Time and memory of training at 1, 4 and 16 times the batch, pixels and examples, with a chart";

const FACTORS = [1, 4, 16];

/** What grows: the arguments of the program at so many times the size, and which of its times counts. */
const PARTS: Record<
  string,
  { sizes: (factor: number) => [batch: number, side: number, examples: number]; time: "stepMs" | "epochMs" }
> = {
  batch: { sizes: (factor) => [32 * factor, 32, 32 * factor * 4], time: "stepMs" },
  pixels: { sizes: (factor) => [32, 32 * Math.sqrt(factor), 128], time: "stepMs" },
  examples: { sizes: (factor) => [128, 28, 2000 * factor], time: "epochMs" },
};

/** What one size took. */
interface Point {
  part: string;
  factor: number;
  ms: number;
  mebibytes: number;
}

/** Power of the factor with which a value grows from the smallest size to the largest: 1 is linear. */
export function growthPower(values: readonly number[], factors: readonly number[] = FACTORS): number {
  return Math.log(values.at(-1)! / values[0]) / Math.log(factors.at(-1)! / factors[0]);
}

async function measure(part: string, { rounds }: BenchContext): Promise<Point[]> {
  const script = new URL("_growth_program.ts", import.meta.url).pathname, { sizes, time } = PARTS[part];
  const points: Point[] = [];
  for (const factor of FACTORS) {
    const times: number[] = [], held: number[] = [];
    for (let round = 0; round < Math.min(rounds, 3); round++) {
      const answer = JSON.parse(
        await readProgram(Deno.execPath(), ["run", "-A", script, ...sizes(factor).map(String)]),
      );
      times.push(answer[time]);
      held.push(answer.mebibytes ?? 0);
    }
    points.push({ part, factor, ms: median(times), mebibytes: median(held) });
  }
  return points;
}

/** Time and memory against size, both axes in powers of two, each curve as a multiple of its first point. */
export function growthChart(points: readonly Point[]): Spec {
  const values = points.flatMap(({ part, factor, ms, mebibytes }) => {
    const first = points.find((point) => point.part === part && point.factor === FACTORS[0])!;
    return [
      { part, factor, of: "time", times: ms / first.ms },
      { part, factor, of: "memory", times: mebibytes / first.mebibytes },
      { part: "linear", factor, of: "time", times: factor },
    ];
  });
  const scale = { type: "log", base: 2 };
  return toSpec({
    title: "Growth of training",
    data: { values },
    width: 460,
    height: 300,
    mark: { type: "line", point: { filled: true }, strokeWidth: 2 },
    encoding: {
      x: quantity("factor", "Times the size", { scale, axis: { values: FACTORS, format: "d" } }),
      y: quantity("times", "Times the first", { scale, axis: { format: "~g" } }),
      color: {
        field: "part",
        type: "nominal",
        title: "Of what",
        legend: { symbolType: "stroke" },
        scale: { domain: [...Object.keys(PARTS), "linear"], range: [...SERIES.slice(0, 3), "#8a8a8a"] },
      },
      strokeDash: {
        field: "of",
        type: "nominal",
        title: "What",
        legend: { symbolType: "stroke" },
        scale: { domain: ["time", "memory"], range: [[1, 0], [4, 3]] },
      },
    },
  });
}

/** Most that a power may be: what is linear, and noise. */
const LINEAR = 1.1;

function rowsOf(part: string, points: readonly Point[]): BenchRow[] {
  const row = (what: string, values: readonly number[]): BenchRow => ({
    what: `${part}: ${what}, power of the factor`,
    unit: "",
    ours: [growthPower(values)],
    limit: LINEAR,
  });
  return [
    row(PARTS[part].time === "stepMs" ? "time of a step" : "time of an epoch", points.map(({ ms }) => ms)),
    row("most memory", points.map(({ mebibytes }) => mebibytes)),
  ];
}

/** Measures all, or what is named. */
export async function run(context: BenchContext): Promise<BenchTable[]> {
  const all: Point[] = [], rows: BenchRow[] = [];
  for (const part of chooseParts(context.parts, Object.keys(PARTS))) {
    context.say(`growth with ${part}`);
    const points = await measure(part, context);
    all.push(...points);
    rows.push(...rowsOf(part, points));
  }
  return [{
    title: `Growth of training at ${FACTORS.join(", ")} times the size: 1 is linear, more is worse`,
    rows,
    notes: all.map(({ part, factor, ms, mebibytes }) =>
      `${part} × ${factor}: ${ms.toPrecision(3)} ms, ${Math.round(mebibytes)} MiB`
    ),
    charts: [{ name: "growth", spec: growthChart(all) }],
  }];
}
