import { assertEquals, assertThrows } from "./assert.ts";
import { drawSeed, drawSeedOfDay } from "./seed.ts";

/** Runs something with `TEST_SEED` set or not, and gives what it returned and what it printed. */
function seeded<T>(said: string | undefined, run: () => T): { value: T; printed: string[] } {
  const { get } = Deno.env, { log } = console, printed: string[] = [];
  Deno.env.get = (name) => name === "TEST_SEED" ? said : get.call(Deno.env, name);
  console.log = (line: string) => printed.push(line);
  try {
    return { value: run(), printed };
  } finally {
    Deno.env.get = get;
    console.log = log;
  }
}

Deno.test("drawSeed() takes the seed that is said, or draws one, and prints it as it is said", () => {
  const draw = () => 17;
  assertEquals(seeded("7", () => drawSeed("kills", draw)), { value: 7, printed: ["kills: TEST_SEED=7"] });
  assertEquals(seeded(undefined, () => drawSeed("kills", draw)), {
    value: 17,
    printed: ["kills: TEST_SEED=17"],
  });
});

Deno.test("drawSeed() and drawSeedOfDay() draw by the clock: its milliseconds as 32 bits, its day", () => {
  const { now } = Date;
  Date.now = () => 3 * 2 ** 32 + 5;
  try {
    assertEquals(seeded(undefined, () => drawSeed("kills")).value, 5);
    Date.now = () => 20_000 * 86_400_000 + 86_399_999;
    assertEquals(seeded(undefined, () => drawSeedOfDay("requests")).value, 20_000);
    assertEquals(seeded("4", () => drawSeedOfDay("requests")).value, 4);
  } finally {
    Date.now = now;
  }
});

Deno.test("drawSeed() refuses a seed that is none", () => {
  for (const said of ["", "x", "-1", "1.5", "4294967296"]) {
    assertThrows(() => seeded(said, () => drawSeed("kills")), Error, `"${said}"`);
  }
});
