/** A newcomer's experiment file, in no registry, goes the whole way, and is not longer than it was before the frame. */
import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { parseCard } from "../../../lib/card/card.ts";
import { main } from "../../../tasks/train.ts";
import { assert, assertEquals } from "../../assert.ts";
import { withFolder } from "../../folder.ts";

const FILE = fileURLToPath(import.meta.resolve("./_three_classes.ts"));
/** Lines that the same took before the frame. */
const BEFORE = 109;

Deno.test("train ./my_experiment.ts with three classes, augmentation, early stopping, weights and its own plot", () =>
  withFolder(async (folder) => {
    const out = join(folder, "run");
    assertEquals(await main([FILE, "--out", out, "--json", "--shards", "1"]), 0);
    const card = parseCard(await Deno.readTextFile(join(out, "model.json")));
    assert(card.metrics.accuracy.value > 0.8, `accuracy ${card.metrics.accuracy.value}`);
    const record = JSON.parse(await Deno.readTextFile(join(out, "run.json")));
    assertEquals([record.experiment, record.state], ["three_tracks", "finished"]);
    assert((await Deno.stat(join(out, "plots", "sure.svg"))).isFile);
    const lines = (await Deno.readTextFile(FILE)).trimEnd().split("\n").length;
    assert(lines < BEFORE, `it took ${BEFORE} lines before, now ${lines}`);
    const readme = await Deno.readTextFile(fileURLToPath(import.meta.resolve("../../../README.md")));
    assert(readme.includes(`in ${lines} lines:`), `README must say that it takes ${lines}`);
  }));
