import { killAtRandom, shareTrials } from "../../tasks/bench/_search_storm.ts";
import { assert, assertEquals } from "../assert.ts";
import { withFolder } from "../folder.ts";
import { NO_FAULTS } from "../lib/search/_storm.ts";

Deno.test("eight processes share 20,000 trials of nothing: none is lost, none is done twice", () =>
  withFolder(async (folder) => assertEquals(await shareTrials(folder, 8, 20_000), NO_FAULTS)));

Deno.test("500 processes killed at random, in writes, links and locks too, lose nothing", () =>
  withFolder(async (folder) => {
    const { deaths, ...faults } = await killAtRandom(folder, 500, 8_000);
    assert(deaths >= 500, `only ${deaths} processes died`);
    assertEquals(faults, NO_FAULTS);
  }));
