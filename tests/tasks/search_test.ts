import { existsSync } from "node:fs";
import { main } from "../../tasks/search.ts";
import { splitWords } from "../../tasks/search/_spec.ts";
import { search } from "../../lib/search/search.ts";
import { openStudy } from "../../lib/search/study.ts";
import { openStore } from "../../lib/store/store.ts";
import { assert, assertEquals } from "../assert.ts";
import { makeReadOnly, testOnDisk } from "../disk.ts";
import { withFolder } from "../folder.ts";
import { until } from "../until.ts";

/** Runs the task and gives its exit code and lines. */
async function run(...args: string[]): Promise<{ code: number; lines: string[]; errors: string[] }> {
  const lines: string[] = [], errors: string[] = [];
  const { log, error } = console;
  console.log = (line: string) => void lines.push(...line.split("\n"));
  console.error = (line: string) => void errors.push(line);
  try {
    return { code: await main(args), lines, errors };
  } finally {
    Object.assign(console, { log, error });
  }
}

const PROGRAM = `
const [x, kind] = [Number(Deno.args[0]), Deno.args[1]];
for (let step = 1; step <= 2; step++) console.log(JSON.stringify({ step, values: { loss: x / step } }));
console.log("some words", Deno.env.get("TRIAL_NUMBER"));
if (kind === "bad") { console.error("no such kind"); Deno.exit(4); }
if (kind === "dead") Deno.kill(Deno.pid, "SIGKILL");
console.log(x);
`;

Deno.test("deno task search runs trials of a program with several workers, and says what came of them", () =>
  withFolder(async (folder) => {
    const [program, space, out] = ["program.ts", "space.json", "study"].map((name) => `${folder}/${name}`);
    await Deno.writeTextFile(program, PROGRAM);
    await Deno.writeTextFile(space, JSON.stringify({ x: [3, 1, 2], kind: ["good", "bad", "dead"] }));
    const command = `"${Deno.execPath()}" run -A ${program} {x} {kind}`;
    const searched = await run(
      ...["--command", command, "--space", space, "--out", out, "--metric", "loss"],
      ...["--sampler", "grid", "--workers", "2", "--trials", "7"],
    );
    assertEquals([searched.code, searched.errors], [0, []]);
    assert(searched.lines[0].startsWith("7 trials of 9 combinations into "), searched.lines[0]);
    assert(searched.lines.some((line) => line.includes("trial 1 failed") && line.includes("no such kind")));
    assert(searched.lines.some((line) => line.includes("trial 2 failed") && line.includes("SIGKILL")));
    const { state } = openStudy(out);
    assertEquals(state.trials.map(({ values }) => values?.[0]), [
      3,
      undefined,
      undefined,
      1,
      undefined,
      undefined,
      2,
    ]);
    assertEquals(state.trials[0].reports, [{ step: 1, values: { loss: 3 } }, {
      step: 2,
      values: { loss: 1.5 },
    }]);
    assertEquals(Deno.readTextFileSync(`${out}/trials/00003/log.txt`), "some words 3\n1\n");

    const status = await run("status", out, "--json");
    const { complete, failed, failures, finished, best } = JSON.parse(status.lines[0]);
    assertEquals([status.code, complete, failed, finished, best.trial], [0, 3, 4, true, 3]);
    assertEquals(failures, { error: 2, memory: 2 }); // a program that is killed is taken for one that ran out of memory

    const answers = [
      await run("report", out, "--low"),
      await run("report", out, "--rounds2high"),
      await run("report", out, "--metric", "los", "--high"),
    ];
    assertEquals(answers.slice(0, 2).map(({ lines }) => lines), [["1"], ["0"]]);
    assert(answers[2].errors[0].includes('(nearest: "loss")'), answers[2].errors[0]);
    const byLoss = await run("report", out, "--metric", "duration", "--page", `${folder}/page.html`);
    assertEquals(byLoss.lines[0], "3 complete, 4 failed, best 1 (trial 3)");
    const durations = byLoss.lines.slice(2, 5).map((line) => Number(/^ *([0-9.]+)/.exec(line)?.[1]));
    assertEquals(durations, [...durations].sort((a, b) => a - b), byLoss.lines.join("\n"));
    const page = await Deno.readTextFile(`${folder}/page.html`);
    assert(
      page.includes("Best trials") && page.includes("no such kind") && !page.includes("http://localhost"),
    );
    assertEquals((await run("export", out, `${folder}/scan.csv`)).code, 0);
    const imported = await run(
      ...["import", `${folder}/other`, `${folder}/scan.csv`, "--metric", "loss", "--space", space],
    );
    assertEquals([imported.code, openStudy(`${folder}/other`).state.trials.length], [0, 3]);

    const followed = await run("--command", command, "--out", out, "--follow");
    assertEquals([followed.code, followed.lines[0]], [0, "3 complete, 4 failed, best 1 (trial 3)"]);
    const nowhere = await run("--command", command, "--out", `${folder}/none`, "--follow");
    assert(nowhere.code !== 0 && nowhere.errors[0].includes("it holds none"), nowhere.errors[0]);

    const again = await run("--command", command, "--space", space, "--out", out);
    assertEquals(again.code, 2);
    assert(again.errors[0].includes("as it holds a study: add --resume"), again.errors[0]);
    const going = ["--command", command, "--out", out, "--resume"];
    for (
      const [option, value] of [["--sampler", "gp"], ["--metric", "accuracy"], ["--seeds", "3"], [
        "--vary",
        "x",
      ]]
    ) {
      const { code, errors } = await run(...going, option, value);
      assertEquals([code, errors.length], [2, 1], option);
      assert(errors[0].includes(`Cannot go on with another ${option}`) || option === "--vary", errors[0]);
    }
    assert((await run("mnist", "--out", out, "--resume")).errors[0].includes('the study is of "command"'));
    const more = await run(...going, "--sampler", "grid", "--space", space, "--rounds", "9");
    assertEquals([more.code, openStudy(out).state.trials.length], [0, 9]);
  }));

Deno.test({
  name: "a search that is stopped ends with the code of the signal that stopped it",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      const [program, space, out] = ["program.ts", "space.json", "study"].map((name) => `${folder}/${name}`);
      const begun = `${folder}/begun`;
      await Deno.writeTextFile(
        program,
        `Deno.writeTextFileSync(${JSON.stringify(begun)}, ""); setInterval(() => {}, 1000);`,
      );
      await Deno.writeTextFile(space, JSON.stringify({ x: [1, 2] }));
      const command = `"${Deno.execPath()}" run -A ${program}`;
      // A signal goes to the whole process, and so to whatever is tested beside this.
      const { addSignalListener, removeSignalListener } = Deno, listeners = new Map<string, () => void>();
      Deno.addSignalListener = (signal, listener) => void listeners.set(signal, listener);
      Deno.removeSignalListener = () => {};
      try {
        const searching = run("--command", command, "--space", space, "--out", out, "--metric", "loss");
        await until("the first trial", () => existsSync(begun));
        listeners.get("SIGTERM")!();
        assertEquals((await searching).code, 143);
      } finally {
        Object.assign(Deno, { addSignalListener, removeSignalListener });
      }
    }),
});

Deno.test("a search whose trials nothing could judge is refused before anything is loaded", () =>
  withFolder(async (folder) => {
    const place = ["--trials", "2", "--data-folder", `${folder}/data`, "--out", `${folder}/study`];
    for (const args of [["lenses"], ["cygno", "--validation", "0"]]) {
      const { code, lines, errors } = await run(...args, ...place);
      assertEquals([code, lines], [1, []]);
      assertEquals(errors.length, 1, errors.join("\n"));
      assert(
        errors[0].includes("no examples are kept for validation: give --folds K, or --validation"),
        errors[0],
      );
    }
    assertEquals([...Deno.readDirSync(folder)], []);
  }));

/** A space file of ten lines: every kind of parameter, a condition and a constraint. */
const TEN_LINES = `{
  "rate": { "low": 1e-3, "high": 2e-2, "log": true },
  "validation": { "low": 0.1, "high": 0.3, "step": 0.1, "float": true },
  "epochs": [1, 2],
  "batch": { "low": 8, "high": 32, "log": true },
  "recipe": ["best", "course"],
  "constraints": [
    "epochs * batch <= 48"
  ]
}`;

Deno.test("deno task search cygno works from a space file of ten lines, up to the winner in a store", () =>
  withFolder(async (folder) => {
    assertEquals(TEN_LINES.split("\n").length, 10);
    const [space, out, data, store] = ["space.json", "study", "data", "store"].map((name) =>
      `${folder}/${name}`
    );
    await Deno.writeTextFile(space, TEN_LINES);
    const searched = await run(
      ...["cygno", "--space", space, "--trials", "2", "--events", "60", "--data-folder", data, "--out", out],
    );
    assertEquals([searched.code, searched.errors], [0, []]);
    const { trials } = openStudy(out).state;
    assertEquals(trials.map(({ state }) => state), ["complete", "complete"]);
    for (const { params, reports, metrics } of trials) {
      assert(Number(params.epochs) * Number(params.batch) <= 48, JSON.stringify(params));
      assertEquals(reports.length, params.epochs);
      assert(metrics!.parameters > 0 && reports[0].values.validationLoss > 0);
    }
    const deployed = await run(
      ...["deploy", out, "--top", "1", "--seeds", "1", "--folds", "2"],
      ...["--store", `file:${store}`, "--alias", "champion"],
    );
    assertEquals([deployed.code, deployed.errors], [0, []]);
    const said = deployed.lines.join("\n");
    assert(/Winner: trial \d .*the search (flattered|did not flatter) it/.test(said), said);
    assert(/auc 0?\.?\d+.*15 test examples/.test(said), said);
    const [note] = openStudy(out).state.notes;
    assert(/^trial \d anew: .* \(95 %: .* to .*\), in the search .*: (not )?flattered/.test(note), note);
    assert((await Deno.readTextFile(`${out}/report.html`)).includes("anew"));
    const opened = openStore(`file:${store}`);
    assertEquals(await opened.aliases("cygno"), { champion: "1" });
    opened.close();
    assertEquals((await run("deploy", out, "--alias", "champion")).code, 2);
  }));

testOnDisk("deno task search reads a study that may only be read", "size=1m", async (disk) => {
  const out = `${disk}/study`;
  await search({ x: [3, 1, 2] }, ({ x }) => Number(x), { folder: out, sampler: "grid" });
  await makeReadOnly(disk);
  assertEquals((await run("status", out)).code, 0);
  assertEquals((await run("report", out, "--low")).lines, ["1"]);
  const refused = await run("report", out);
  assert(refused.code !== 0 && refused.errors[0].includes("Read-only file system"), refused.errors[0]);
  await withFolder(async (folder) => {
    const told = await run("report", out, "--page", `${folder}/page.html`);
    assertEquals([told.code, told.lines.at(-1)], [0, `Written to ${folder}/page.html`]);
  });
});

Deno.test("deno task search refuses what cannot be searched", () =>
  withFolder(async (folder) => {
    const space = `${folder}/space.json`;
    const refused = async (spec: unknown, ...args: string[]) => {
      await Deno.writeTextFile(space, JSON.stringify(spec));
      const { code, errors } = await run(
        "--command",
        "true",
        "--space",
        space,
        "--out",
        `${folder}/s`,
        ...args,
      );
      assert(code === 1 || code === 2, `exit code ${code}`);
      return errors[0];
    };
    assert((await refused({})).includes("Cannot search an empty space"));
    assert(
      (await refused({ a: [1], constraints: ["a > 1"] })).includes("no combination meets its constraints"),
    );
    assert((await refused({ a: [1], constraints: ["a > 1"] }, "--trials", "3")).includes("no combination"));
    const endless = { a: { low: 0, high: 1, float: true }, constraints: ["a > 2"] };
    assert((await refused(endless, "--trials", "3")).includes("that the constraints allow in 10000 tries"));
    assert((await refused({ a: [1] }, "--add-trials", "3")).includes("goes with --resume"));
    assert((await refused({ a: [1] }, "--sampler", "tpee")).includes('(nearest: "tpe")'));
    assert((await refused({ a: [1] }, "--pruner", "asha:fctor=2")).includes('(nearest: "factor")'));
    assert((await refused({ a: [1] }, "--workesr", "2")).includes("(nearest: --workers)"));
    assert((await refused({ a: [1] }, "--rounds", "2", "--trials", "2")).includes("give one of them"));
    assertEquals(await Deno.stat(`${folder}/s`).then(() => true, () => false), false);
    assertEquals((await run("mnits")).code, 2);
    const both = await run("mnist", "--vary", "rate", "--rate", "0.2", "--out", `${folder}/s`);
    assertEquals([both.code, both.errors[0].includes("Option --rate is searched over")], [2, true]);
    assertEquals((await run("status", folder)).errors, [
      `error: Cannot open a study in "${folder}": it holds none`,
    ]);
  }));

Deno.test("deno task search keeps an experiment's options apart from its own of the same name", () =>
  withFolder(async (folder) => {
    // --time is Slurm's limit here and ecal's time channel there; nothing is run, as the study is stopped at once.
    const args = ["--vary", "rate", "--time-limit", "0", "--trials", "1", "--data-folder", `${folder}/data`];
    const optionsIn = (out: string) => openStudy(out).spec.settings!.options as Record<string, unknown>;
    const [ecal, lenses] = [`${folder}/ecal`, `${folder}/lenses`];
    await run("ecal", ...args, "--out", ecal, "--its-time", "--time", "00:10:00");
    assertEquals(optionsIn(ecal).time, true);
    await run("lenses", ...args, "--out", lenses, "--folds", "3", "--its-folds", "7");
    assertEquals([optionsIn(lenses).folds, openStudy(lenses).spec.settings!.folds], [7, 3]);
  }));

Deno.test("deno task search --dry-run prints what Slurm would get, and leaves nothing", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/space.json`, '{"a": [1]}');
    const { code, lines } = await run(
      ...[
        "--command",
        "true",
        "--space",
        `${folder}/space.json`,
        "--out",
        `${folder}/s`,
        "--executor",
        "slurm",
      ],
      ...["--workers", "3", "--time", "1:00:00", "--gres", "gpu:1", "--cpus", "2", "--dry-run"],
    );
    assertEquals([code, lines[0], lines[2]], [0, "#!/bin/bash", "#SBATCH --array=0-2"]);
    assert(
      lines.some((line) => line.includes(" worker ") && line.includes(" --threads 2 ")),
      lines.join("\n"),
    );
    assert(lines.includes("#SBATCH --gres=gpu:1") && lines.includes("#SBATCH --time=1:00:00"));
    assertEquals(await Deno.stat(`${folder}/s`).then(() => true, () => false), false);
  }));

Deno.test("splitWords() keeps together what quotes hold", () => {
  assertEquals(splitWords(`a "b c" --d='e f' g`), ["a", "b c", "--d=e f", "g"]);
});
