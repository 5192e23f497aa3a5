import { assert, assertClose, assertEquals, assertRejects, assertThrows } from "../assert.ts";
import { CliError } from "../../tasks/_cli.ts";
import { startEngine, tf } from "../../lib/engine/mod.ts";
import { renderSvg } from "../../lib/plot/mod.ts";
import {
  alternate,
  chooseParts,
  holdsMore,
  measureProgram,
  median,
  meetsBar,
  memoryBeside,
  Peer,
  ratioOf,
  rowOfPrograms,
  runParts,
  shareOfPeak,
  withShort,
} from "../../tasks/bench/_bench.ts";
import { describeMachine } from "../../tasks/bench/_machine.ts";
import { forgetPeak, processMebibytes, watchMemory } from "../../tasks/bench/_memory.ts";
import { meanDifference } from "../../tasks/bench/_mean_difference.ts";
import { stepGflop } from "../../tasks/bench/_work.ts";
import { growthChart, growthPower } from "../../tasks/bench/growth.ts";

Deno.test("median() takes the middle, or the mean of the two in the middle", () => {
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(median([4, 1, 2, 3]), 2.5);
});

Deno.test("ratioOf() compares within rounds, so that a machine that slows down does not matter", () => {
  assertEquals(ratioOf({ what: "", unit: "ms", ours: [1, 10, 100], theirs: [2, 20, 200] }), 0.5);
  assertEquals(ratioOf({ what: "", unit: "ms", ours: [1] }), undefined);
});

Deno.test("meetsBar() knows which way is good", () => {
  const row = { what: "", unit: "", ours: [4], theirs: [5] };
  assertEquals(meetsBar({ ...row, bar: 0.8 }), true);
  assertEquals(meetsBar({ ...row, bar: 0.7 }), false);
  assertEquals(meetsBar({ ...row, bar: 1.5, better: "higher" }), false);
  assertEquals(meetsBar({ what: "", unit: "ms", ours: [4], limit: 5 }), true);
  assertEquals(meetsBar(row), undefined);
});

Deno.test("alternate() takes turns and starts with another one each round", async () => {
  const order: string[] = [];
  const measure = (name: string) => () => order.push(name);
  assertEquals(await alternate(2, { a: measure("a"), b: measure("b") }), { a: [1, 4], b: [2, 3] });
  assertEquals(order.join(""), "abba");
});

Deno.test("chooseParts() takes what is asked for, or the usual parts, in the bench's order", () => {
  assertEquals(chooseParts(["c", "a"], ["a", "b", "c"]), ["a", "c"]);
  assertEquals(chooseParts([], ["a", "b", "c"], ["b"]), ["b"]);
  assertEquals(chooseParts([], ["a", "b"]), ["a", "b"]);
  assertThrows(() => chooseParts(["d"], ["a", "b"]), CliError, 'No part of the bench is named "d": a, b');
});

Deno.test("runParts() runs the usual parts, or what is named, and gives the tables of each", async () => {
  const said: string[] = [], table = (title: string) => ({ title, rows: [] });
  const run = async (...parts: string[]) => {
    const context = {
      rounds: 1,
      parts,
      folder: "",
      say: (line: string) => void said.push(line),
      need: () => "",
    };
    const usual = {
      one: () => Promise.resolve(table("1")),
      two: () => Promise.resolve(["2", "3"].map(table)),
    };
    const tables = await runParts("area", context, usual, { long: () => Promise.resolve(table("4")) });
    return tables.map(({ title }) => title);
  };
  assertEquals(await run(), ["1", "2", "3"]);
  assertEquals(await run("long", "two"), ["2", "3", "4"]);
  assertEquals(said, ["area:one", "area:two", "area:two", "area:long"]);
  await assertRejects(() => run("three"), CliError, 'No part of the bench is named "three": one, two, long');
});

Deno.test("withShort() has every part twice, in full and with little", async () => {
  const title = (name: string) => ({ isShort }: { isShort?: boolean }, scale: number) =>
    Promise.resolve({ title: `${name} ${scale}`, rows: [], notes: isShort ? ["short"] : [] });
  const parts = withShort({ a: title("a"), b: title("b") }, 9, 1);
  const tables = await Promise.all(Object.values(parts).map((part) => part({} as never)));
  assertEquals(Object.keys(parts), ["a", "a-short", "b", "b-short"]);
  assertEquals(tables.flat().map(({ title }) => title), ["a 9", "a 1", "b 9", "b 1"]);
  assertEquals(tables.flat().map(({ notes }) => notes), [[], ["short"], [], ["short"]]);
});

Deno.test("Peer asks a program in turns and says when it has ended", async () => {
  const source = `for await (const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const { n } = JSON.parse(line);
    if (n < 0) Deno.exit(3);
    console.log("chatter\\n" + JSON.stringify({ twice: 2 * n }));
  }`;
  await using peer = new Peer(Deno.execPath(), ["eval", source]);
  assertEquals(await peer.ask({ n: 2 }), { twice: 4 });
  assertEquals(await peer.ask({ n: 5 }), { twice: 10 });
  await assertRejects(() => peer.ask({ n: -1 }), CliError, "ended");
});

Deno.test("shareOfPeak() divides the work by time and peak, in the row's unit and precision", () => {
  const row = { what: "", unit: "ms", ours: [40, 50, 60], work: { gflop: 5, precision: "mixed" as const } };
  assertEquals(shareOfPeak(row, { float32: 1, mixed: 200 }), 0.5); // 5 GFLOP in 50 ms are 100 GFLOP/s
  assertEquals(shareOfPeak({ ...row, unit: "s" }, { mixed: 200 }), 0.0005);
  assertEquals(shareOfPeak(row, { float32: 200 }), undefined);
  assertEquals(shareOfPeak({ what: "", unit: "ms", ours: [1] }, { float32: 1 }), undefined);
});

Deno.test("holdsMore() compares memory where both sides are known", () => {
  const row = (ours?: number, theirs?: number) => ({
    what: "",
    unit: "s",
    ours: [1],
    memory: { ours, theirs },
  });
  assertEquals([row(5, 4), row(4, 4), row(5), row(undefined, 4)].map(holdsMore), [true, false, false, false]);
  assertEquals(holdsMore({ what: "", unit: "s", ours: [1] }), false);
});

Deno.test("stepGflop() counts forward and both gradients, the first layer without that of its input", async () => {
  await startEngine({ backend: "cpu" });
  const { conv2d, maxPooling2d, flatten, dense } = tf.layers;
  const model = tf.sequential({
    layers: [
      conv2d({ inputShape: [6, 6, 2], filters: 3, kernelSize: 3 }), // 4 · 4 results of 3 · 3 · 2 · 3 each
      maxPooling2d({ poolSize: 2 }),
      flatten(),
      dense({ units: 5 }), // 12 · 5
    ],
  });
  assertClose(stepGflop(model, 10) * 1e9, 2 * 10 * (2 * 16 * 54 + 3 * 60), 1e-6);
});

Deno.test("meanDifference() is that of a paired t test", () => {
  // differences 0.01, -0.005, 0.02: standard error 0.0125831 / √3 = 0.00726483, times 4.303
  const { mean, low, high } = meanDifference([0.98, 0.97, 0.99], [0.97, 0.975, 0.97]);
  assertClose([mean, low, high], [0.0083333, -0.0229272, 0.0395939], 1e-6);
  assertThrows(() => meanDifference([1], [2]), RangeError, "two to 11 pairs are needed");
  assertThrows(() => meanDifference([1, 2], [2]), RangeError, "means of 2 and 1 values");
});

Deno.test("growthPower() is 1 for what is linear, and the chart has a curve for each part", async () => {
  assertClose(growthPower([3, 12, 48]), 1, 1e-12);
  assertClose(growthPower([3, 6, 12]), 0.5, 1e-12);
  const points = [1, 4, 16].map((factor) => ({
    part: "batch",
    factor,
    ms: 2 * factor,
    mebibytes: 500 + factor,
  }));
  const svg = await renderSvg(growthChart(points), {});
  assert(svg.includes("Times the size") && svg.includes("batch") && svg.includes("linear"));
});

Deno.test("watchMemory() sees what a program's children hold", async () => {
  const hold = `const held = new Uint8Array(200 << 20).fill(1);
    console.log("held");
    await Deno.stdin.read(new Uint8Array(1)); // until it is closed
    console.log(held[0]);`;
  const start = `const child = new Deno.Command(Deno.execPath(), { args: ["eval", ${
    JSON.stringify(hold)
  }] }).spawn();
    await child.status;`;
  const args = ["eval", start];
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped" }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  const most = watchMemory(child.pid)();
  if (Deno.build.os === "linux") assert(most > 200, `${most} MiB`);
  else assertEquals(most, 0);
  await child.stdin.close();
  while (!(await reader.read()).done); // to its end
  await child.status;
});

Deno.test("measureProgram() gives a program's cost, and rowOfPrograms() the most memory of a side", async () => {
  const cost = await measureProgram(Deno.execPath(), ["eval", "0"]);
  assert(cost.seconds > 0 && cost.mebibytes >= 0);
  await assertRejects(() => measureProgram(Deno.execPath(), ["eval", "Deno.exit(3)"]), CliError, "code 3");
  const row = rowOfPrograms({
    ours: [{ seconds: 1, mebibytes: 30 }, { seconds: 2, mebibytes: 20 }],
    theirs: [{ seconds: 3, mebibytes: 0 }],
  });
  assertEquals(row, { unit: "s", ours: [1, 2], theirs: [3], memory: { ours: 30, theirs: undefined } });
});

Deno.test("describeMachine() names processor and peaks, as far as they are known", () => {
  const { processor, ...rest } = describeMachine({ float32: 123.4 });
  assert(String(processor).includes("cores"));
  assertEquals([rest["GFLOP/s, float32"], "GFLOP/s, bfloat16" in rest], [123, false]);
});

Deno.test("memoryBeside() takes our own program's most, or else this process's", async () => {
  const program = ["eval", "for await (const _ of Deno.stdin.readable) console.log('{}')"];
  await using peer = new Peer(Deno.execPath(), program);
  await peer.ask({});
  const [beside, here] = [memoryBeside(peer, peer), memoryBeside(peer)];
  if (Deno.build.os !== "linux") return assertEquals([beside.ours, here.ours], [undefined, undefined]);
  assert(beside.ours! > 10 && beside.theirs! >= beside.ours!, JSON.stringify(beside));
  assert(here.ours! >= processMebibytes("VmRSS") / 2, JSON.stringify(here));
});

/** Whether the system lets a process forget its most. */
function canForget(): boolean {
  try {
    Deno.writeTextFileSync("/proc/self/clear_refs", "5");
    return true;
  } catch {
    return false;
  }
}

Deno.test("forgetPeak() begins anew with what is held", () => {
  forgetPeak(); // where that cannot be, nothing happens
  if (!canForget()) return;
  new Uint8Array(512 * 2 ** 20).fill(1).buffer.transfer(0); // a most that is soon no longer held
  const isForgotten = () => {
    forgetPeak();
    return processMebibytes("VmHWM") < processMebibytes("VmRSS") + 256;
  };
  // Several tries, as a test beside this one may let go of as much between two of these lines.
  assert(Array.from({ length: 10 }, isForgotten).some(Boolean), `${processMebibytes("VmHWM")} MiB at most`);
});
