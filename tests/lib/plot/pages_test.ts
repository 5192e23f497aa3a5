/// <reference lib="dom" />
/** Charts that answer to the hand, in a real browser. */
import { join } from "@std/path";
import { type Browser, chromium, type Page } from "playwright-core";
import { moviePlayerHtml, turnableScatterHtml } from "../../../lib/plot/mod.ts";
import { assert, assertEquals, assertThrows } from "../../assert.ts";
import { testWith } from "../../needs.ts";

/** Opens a page of text; errors of its script, and requests to anywhere, fail the test. */
async function withPage(program: string, html: string, test: (page: Page) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  let browser: Browser | undefined;
  try {
    await Deno.writeTextFile(join(folder, "page.html"), html);
    browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
    const page = await browser.newPage({ viewport: { width: 800, height: 800 } });
    page.setDefaultTimeout(120_000); // only what never comes takes so long
    const strange: string[] = [];
    page.on("pageerror", (error) => strange.push(String(error)));
    page.on("console", (message) => void (message.type() === "error" && strange.push(message.text())));
    await page.goto(`file://${join(folder, "page.html")}`);
    await test(page);
    assertEquals(strange, []);
  } finally {
    await browser?.close();
    await Deno.remove(folder, { recursive: true });
  }
}

async function keep(page: Page, name: string): Promise<void> {
  const folder = Deno.env.get("CLOUDCHAMBER_SCREENSHOTS");
  if (folder) await page.screenshot({ path: join(folder, name) });
}

/** Pixels of the canvas, each its colour and opacity as one number. */
const pixels = (page: Page) =>
  page.evaluate(() => {
    const canvas = document.querySelector("canvas") as HTMLCanvasElement;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    return Array.from(new Uint32Array(data.buffer));
  });

/** Two hits, one early and bright, one late. */
const HITS = [{ x: 16, y: 16, z: -0.05, value: 0.8, size: 800 }, {
  x: 20,
  y: 12,
  z: 0.05,
  value: 0.1,
  size: 100,
}];
const BOX = {
  title: "Hits </script><b>of</b> an event",
  names: ["column", "row", "time"],
  ranges: [[0, 32], [0, 32], [-0.1, 0.1]],
  valueTitle: "energy",
} as const;

testWith(
  "chromium",
  "turnableScatterHtml() is turned by keys and by dragging, and needs no network",
  (program) =>
    withPage(program, turnableScatterHtml(HITS, BOX), async (page) => {
      assertEquals(await page.textContent("h1"), BOX.title);
      const words = await page.textContent("output");
      assert(words?.includes("turned 34°, from 26° above; energy 0.10 to 0.80"), words ?? "");
      const before = await pixels(page);
      assert(new Set(before).size > 20, "a box, names and two points");
      await keep(page, "space-time.png");
      await page.focus("canvas");
      await page.keyboard.press("ArrowRight");
      assert((await page.textContent("output"))?.includes("turned 40°"));
      const turned = await pixels(page);
      assert(turned.some((value, i) => value !== before[i]), "the picture is another one");
      await page.mouse.move(300, 300);
      await page.mouse.down();
      await page.mouse.move(375, 300);
      await page.mouse.up();
      const dragged = await page.textContent("output");
      assert(!dragged?.includes("turned 40°"), dragged ?? "");
    }),
);

testWith("chromium", "moviePlayerHtml() plays, stops at a frame, zeros white, on one scale", (program) => {
  const values = Float32Array.of(0, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 2);
  const options = { title: "A photon", captions: ["one", "two", "three"], delayMs: 40 };
  return withPage(program, moviePlayerHtml(values, [3, 2, 2], options), async (page) => {
    /** Red, green, blue in the middle of each of four crystals of 250 pixels. */
    const middles = async () => {
      const all = await pixels(page);
      return [[125, 125], [125, 375], [375, 125], [375, 375]].map(([row, column]) => {
        const value = all[row * 600 + column];
        return [value & 255, (value >> 8) & 255, (value >> 16) & 255].join();
      });
    };
    const white = "255,255,255", full = "253,231,37", half = "35,144,139";
    assertEquals([await page.textContent("output"), await middles()], ["one", [white, white, white, white]]);
    const slider = page.locator("input");
    await slider.press("ArrowRight");
    assertEquals([await page.textContent("output"), (await middles())[0]], ["two", full]);
    await slider.press("End");
    assertEquals(await middles(), [full, white, white, half]);
    await keep(page, "movie-player.png");
    await page.click("button");
    await page.waitForFunction(() => document.querySelector("output")!.textContent === "two");
    await page.click("button");
    assertEquals(await page.textContent("button"), "Play");
  });
});

Deno.test("turnableScatterHtml() and moviePlayerHtml() refuse what cannot be drawn", () => {
  const flat = [[0, 0], [0, 1], [0, 1]] as const;
  assertThrows(() => turnableScatterHtml([], { ...BOX, ranges: flat }), RangeError, "a range is empty");
  const nowhere = [{ ...HITS[0], z: NaN }];
  assertThrows(() => turnableScatterHtml(nowhere, BOX), RangeError, "point 0");
  const options = { title: "", captions: ["one"] };
  assertThrows(() => moviePlayerHtml(new Float32Array(3), [1, 2, 2], options), RangeError, "3 values");
  assertThrows(() => moviePlayerHtml(new Float32Array(8), [2, 2, 2], options), RangeError, "1 captions");
});
