/// <reference lib="dom" />
/** The page in a real browser: dropped and chosen files, the keyboard, the map, dark mode, no word from elsewhere. */
import { Buffer } from "node:buffer";
import { join } from "@std/path";
import { assert, assertEquals } from "../assert.ts";
import { testWith } from "../needs.ts";
import { startScoring } from "../servers/scoring.ts";
import { pairCard, pairOnnx, tinyCard, tinyOnnx } from "../tiny_model.ts";
import { LABEL_COLORS } from "../../lib/card/outputs/mask.ts";
import { startEngine, tf } from "../../lib/engine/mod.ts";
import { encodeOnnx } from "../../lib/export/mod.ts";
import { encodeHdf5 } from "../../lib/io/hdf5_write.ts";
import { encodeNpy } from "../../lib/io/npy.ts";
import { encodeNpz } from "../../lib/io/npz.ts";
import { encodePng } from "../../lib/io/png.ts";
import { readSuperNemo } from "../../lib/data/supernemo.ts";
import { writeSuperNemo } from "../../lib/simulate/supernemo/set.ts";
import { openStore } from "../../lib/store/store.ts";
import { type Browser, chromium, type Page } from "playwright-core";

await startEngine({ backend: "cpu" });

/** A spot of light in the dark. */
function spot(): Uint8Array {
  const data = Uint8Array.from({ length: 64 }, (_, i) => {
    const row = Math.floor(i / 8) - 3, column = i % 8 - 4;
    return Math.round(90 * Math.exp(-(row * row + column * column) / 2));
  });
  return encodePng({ data, height: 8, width: 8 });
}

/** Frames of a film of hits, each one unit of time long. */
const FILM = [3, 4, 4, 1];

/** The card of a model that sees hits of energy and time as a film. */
const filmCard = () =>
  tinyCard({
    name: "film",
    inputs: [{ name: "image", shape: FILM, raw: [4, 4, 2], kind: "bands", dtype: "float32", units: "" }],
    preprocessing: [{ op: "timeOrder", minTime: 0, maxTime: 3, step: 1, channels: "energy" }],
  });

/** The card of a model that sees a tracker's hits from above. */
const hitsCard = () => {
  const hits = {
    view: "top",
    sides: "folded",
    value: "hit",
    isolated: "keep",
    missingHeight: "zero",
  } as const;
  return tinyCard({
    name: "hits",
    inputs: [{ name: "image", shape: [9, 113, 1], kind: "hits", hits, dtype: "float32", units: "" }],
    preprocessing: [],
  });
};

/** A network that sorts hits by what they are drawn as: from 1/5 on they are far from the wire, from 1/2 on near it. */
function sortingOnnx(): Uint8Array {
  const image = tf.input({ shape: [9, 113, 1], name: "image" });
  const layer = tf.layers.conv2d({ filters: 3, kernelSize: 1, activation: "softmax", name: "mask" });
  const model = tf.model({ inputs: image, outputs: layer.apply(image) as tf.SymbolicTensor });
  layer.setWeights([tf.tensor4d([0, 300, 100], [1, 1, 1, 3]), tf.tensor1d([0, -120, -20])]);
  return encodeOnnx(model);
}

/** The card of that network. */
const sortingCard = () => {
  const { inputs: [{ hits: seen, ...input }], ...card } = hitsCard();
  const hits = { ...seen!, value: "radius" } as const;
  return {
    ...card,
    name: "sorting",
    inputs: [{ ...input, hits }],
    outputs: [{ name: "mask", kind: "mask", labels: ["nothing", "near", "far"] }],
  };
};

async function withPage(
  program: string,
  test: (page: Page, url: string, browser: Browser) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const store = openStore(join(folder, "store"));
  await store.publish(new Map([["model.onnx", tinyOnnx(0.2)]]), tinyCard());
  await store.publish(new Map([["model.onnx", pairOnnx()]]), pairCard());
  await store.publish(new Map([["model.onnx", tinyOnnx(1, FILM)]]), filmCard());
  await store.publish(new Map([["model.onnx", tinyOnnx(1, [9, 113, 1])]]), hitsCard());
  await store.publish(new Map([["model.onnx", sortingOnnx()]]), sortingCard());
  try {
    await using server = await startScoring(["--store", join(folder, "store"), "--workers", "1"]);
    const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
    try {
      const page = await browser.newPage({ viewport: { width: 900, height: 800 } });
      page.setDefaultTimeout(120_000); // only what never comes takes so long
      const strange: string[] = [];
      page.on("console", (message) => {
        const refused = /status of 4\d\d/.test(message.text()); // a browser notes each, whatever the page makes of it
        if (message.type() === "error" && !refused) strange.push(message.text());
      });
      page.on("pageerror", (error) => strange.push(String(error)));
      page.on("request", (request) => {
        if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(server.url)) {
          strange.push(request.url());
        }
      });
      await page.goto(`${server.url}/`);
      await page.waitForFunction(() => document.querySelectorAll("#model option").length === 5);
      await page.selectOption("#model", "tiny");
      await test(page, server.url, browser);
      assertEquals(strange, [], "errors, or requests to elsewhere");
    } finally {
      await browser.close();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Drops a file on the page as a mouse does. */
async function drop(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  const transfer = await page.evaluateHandle(([name, values]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(values)], name));
    return transfer;
  }, [name, [...bytes]] as const);
  await page.dispatchEvent("#drop", "dragover", { dataTransfer: transfer });
  await page.dispatchEvent("#drop", "drop", { dataTransfer: transfer });
}

testWith(
  "chromium",
  "the page scores a dropped picture, shows it as the model sees it, and what mattered",
  (program) =>
    withPage(program, async (page) => {
      await drop(page, "spot.png", spot());
      await page.waitForSelector("#results li h3");
      assertEquals(await page.textContent("#results li h3"), "spot.png");
      const seen = await page.textContent("#results li");
      assert(seen?.includes("cropped to rows 2 to 5, columns 2 to 5"), seen ?? "");
      assert(/intensity seen: 0\.\d+ to 0\.9/.test(seen ?? ""), seen ?? "");
      const words = await page.textContent("#results li");
      assert(
        words?.includes("NR (") && words.includes("keV") && words.includes("tiny version 1"),
        words ?? "",
      );
      const brightest = await page.evaluate(() => {
        const canvas = document.querySelector("canvas") as HTMLCanvasElement;
        const { data } = canvas.getContext("2d")!.getImageData(0, 0, 4, 4);
        const values = Array.from({ length: 16 }, (_, i) => data[4 * i]);
        return values.indexOf(Math.max(...values));
      });
      assertEquals(brightest, 6, "row 1, column 2 of the crop");
      const bar = await page.getAttribute(".track", "aria-label");
      assert(/^NR: [0-9.]+ %$/.test(bar ?? ""), bar ?? "no bar");
      await page.click("text=Show what mattered");
      await page.waitForSelector(".picture canvas + canvas");
      assert((await page.textContent("#status"))?.includes("The map of spot.png"));
      const keep = Deno.env.get("CLOUDCHAMBER_SCREENSHOTS");
      if (keep) await page.screenshot({ path: join(keep, "page-light.png") });
      await page.emulateMedia({ colorScheme: "dark" });
      const [ground] = await page.$$eval("body", ([body]) => [getComputedStyle(body).backgroundColor]);
      assertEquals(ground, "rgb(20, 23, 28)");
      if (keep) await page.screenshot({ path: join(keep, "page-dark.png") });
    }),
);

testWith(
  "chromium",
  "the page takes chosen files, says what is wrong with one, keeps a history and clears it",
  (program) =>
    withPage(program, async (page) => {
      await page.setInputFiles("#files", [
        { name: "a.png", mimeType: "image/png", buffer: Buffer.from(spot()) },
        { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("hello") },
      ]);
      await page.waitForFunction(() => document.querySelectorAll("#results li").length === 2);
      assert((await page.textContent("#results li.failed"))?.includes("none of PNG"));
      const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save")]);
      const saved = JSON.parse(await Deno.readTextFile(await download.path()));
      assertEquals(saved.map(({ name }: { name: string }) => name), ["a.png", "notes.txt"]);
      assertEquals(await page.textContent("#count"), "1 scored, 1 failed");
      const [table] = await Promise.all([page.waitForEvent("download"), page.click("#csv")]);
      const [header, first] = (await Deno.readTextFile(await table.path())).split("\r\n");
      const columns =
        "file,kind,kind_probability,energy_keV,energy_uncertainty_keV,model,version,warnings,error";
      assertEquals(header, columns);
      assert(/^a\.png,NR,0\.\d+,[\d.]+,2,tiny,1,,$/.test(first), first);
      await page.click("#clear");
      assertEquals(await page.$$eval("#results li", (items) => items.length), 0);
      assert(await page.isVisible("#empty"));
      const cut = { contentType: "application/x-ndjson", body: '{"name":' };
      await page.route("**/score/**", (route) => route.fulfill(cut));
      await drop(page, "cut.png", spot());
      await page.waitForSelector("#results li.failed");
      assertEquals(await page.textContent("#results li.failed p"), "The server's answer broke off.");
    }),
);

testWith(
  "chromium",
  "the page draws a mask over the picture and a made image beside it",
  (program) =>
    withPage(program, async (page) => {
      await page.selectOption("#model", "pair");
      const image = { data: Float32Array.from({ length: 16 }, (_, i) => i < 8 ? 90 : 10), shape: [4, 4] };
      const scalars = { data: Float32Array.of(1, 2), shape: [2] };
      await drop(page, "event.npz", encodeNpz({ image, scalars }));
      await page.waitForSelector("#results li h3");
      const words = await page.textContent("#results li");
      assert(words?.includes("track 50.0 % of the area") && words.includes("21.5 keV"), words ?? "");
      const opacity = await page.evaluate(() => {
        const canvas = document.querySelectorAll<HTMLCanvasElement>("#results li > div > .picture canvas")[1];
        const { data } = canvas.getContext("2d")!.getImageData(0, 0, 4, 4);
        return [data[3], data[63]];
      });
      assertEquals(opacity, [150, 0], "over the upper half alone");
      assertEquals(await page.$$eval("#results li dd .picture canvas", (found) => found.length), 1);
    }),
);

testWith(
  "chromium",
  "the page turns the frames of a volume, of .npy and of every image of an HDF5 file",
  (program) =>
    withPage(program, async (page) => {
      await page.selectOption("#model", "film");
      const data = new Float32Array(32);
      data.set([2, 0.5], 2 * 5); // early
      data.set([1, 2.5], 2 * 10); // late
      await drop(page, "shower.npy", encodeNpy({ data, shape: [4, 4, 2] }));
      await page.waitForSelector("#results li h3");
      const slider = page.locator("#results input[type=range]");
      assertEquals(await page.textContent(".frames output"), "frame 2 of 3");
      const lit = () =>
        page.evaluate(() => {
          const canvas = document.querySelector("#results canvas") as HTMLCanvasElement;
          const { data } = canvas.getContext("2d")!.getImageData(0, 0, 4, 4);
          return Array.from({ length: 16 }, (_, i) => data[4 * i]).flatMap((grey, i) =>
            grey > 0 ? [[i, grey]] : []
          );
        });
      assertEquals(await lit(), []);
      await slider.press("ArrowRight");
      assertEquals([await lit(), await slider.getAttribute("aria-valuetext")], [[[10, 128]], "frame 3 of 3"]);
      await slider.press("Home");
      assertEquals(await lit(), [[5, 255]]);
      assertEquals(await page.locator("text=Show what mattered").count(), 0, "it is for single pictures");
      const keep = Deno.env.get("CLOUDCHAMBER_SCREENSHOTS");
      if (keep) await page.screenshot({ path: join(keep, "page-volume.png") });
      const two = new Float32Array(64);
      two.set(data);
      await drop(page, "showers.hdf5", await encodeHdf5({ X: { data: two, shape: [2, 4, 4, 2] } }));
      await page.waitForFunction(() => document.querySelectorAll("#results li").length === 3);
      assertEquals(await slider.count(), 3);
    }),
);

testWith(
  "chromium",
  "the page is used by keyboard alone, and everything on it has a name",
  (program) =>
    withPage(program, async (page) => {
      await page.keyboard.press("Tab");
      assertEquals(await page.evaluate(() => document.activeElement?.textContent), "Skip to the results");
      const reached: string[] = [];
      for (let i = 0; i < 5; i++) {
        await page.keyboard.press("Tab");
        reached.push(
          await page.evaluate(() => document.activeElement?.id || document.activeElement?.tagName || ""),
        );
      }
      assert(reached.includes("model") && reached.includes("files"), reached.join());
      const opened = page.waitForEvent("filechooser");
      await page.focus("#files"); // a round trip: by now the browser knows that somebody waits for the chooser
      await page.keyboard.press("Enter");
      const chooser = await opened;
      await chooser.setFiles({ name: "key.png", mimeType: "image/png", buffer: Buffer.from(spot()) });
      await page.waitForSelector("#results li button");
      await page.focus("#results li button");
      await page.keyboard.press("Enter");
      await page.waitForSelector(".picture canvas + canvas");
      const nameless = await page.$$eval("button, input, select, canvas, [role=img]", (elements) =>
        elements.filter((element) => {
          const label = element.getAttribute("aria-label") || element.textContent?.trim() ||
            (element as HTMLInputElement).labels?.[0]?.textContent?.trim();
          return !label;
        }).map((element) =>
          element.outerHTML
        ));
      assertEquals(nameless, []);
      assertEquals(await page.getAttribute("#status", "aria-live"), "polite");
    }),
);

testWith(
  "chromium",
  "the circles of a tracker's event have the colours of what a model says each hit is",
  (chromium) =>
    withPage(chromium, async (page) => {
      await page.selectOption("#model", "sorting");
      const folder = await Deno.makeTempDir();
      try {
        const settings = { law: "document", tracks: [1], events: 1 } as const;
        const { files: [path] } = await writeSuperNemo(folder, settings, { seed: 1, workers: 1 });
        const { hits: { radiusMm } } = await readSuperNemo([path]);
        await drop(page, "run8.h5", await Deno.readFile(path));
        await page.waitForSelector("#results li svg circle");
        const circles = page.locator("#results li svg").first().locator("circle");
        const colors = await circles.evaluateAll((all) =>
          all.map((one) => (one as unknown as HTMLElement).style.color)
        );
        // The first two labels' colours: 1 - r / 44 is 1/2 at 22 mm.
        const [near, far] = LABEL_COLORS.map((color) => `rgb(${color.join(", ")})`);
        assertEquals(colors, [...radiusMm].map((r) => r < 22 ? near : far));
        assertEquals(new Set(colors).size, 2);
        const words = await page.textContent("#results li figcaption");
        assert(/hits: near far/.test(words ?? ""), words ?? "no caption");
        const keep = Deno.env.get("CLOUDCHAMBER_SCREENSHOTS");
        if (keep) await page.screenshot({ path: join(keep, "page-sorted-hits.png"), fullPage: true });
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    }),
);

testWith(
  "chromium",
  "a file of a tracker's events is drawn with its circles, an event after the other",
  (chromium) =>
    withPage(chromium, async (page) => {
      await page.selectOption("#model", "hits");
      const folder = await Deno.makeTempDir();
      try {
        const settings = { law: "detector", tracks: [1], events: 2 } as const;
        const { files: [path] } = await writeSuperNemo(folder, settings, { seed: 1, workers: 1 });
        const { hits } = await readSuperNemo([path]);
        await drop(page, "run7.h5", await Deno.readFile(path));
        await page.waitForFunction(() => document.querySelectorAll("#results li").length === 2);
        const drawn = page.locator("#results li").last().locator("svg"); // the newest result stands first
        assertEquals(await drawn.count(), 3);
        const count = hits.offsets[1], own = [...hits.radiusMm.subarray(0, count)];
        assertEquals(await drawn.first().locator("circle").count(), own.filter((mm) => mm >= 0).length);
        const radius = await drawn.first().locator("circle").first().getAttribute("r");
        const known = own.find((mm) => mm >= 0)!;
        assert(
          Math.abs(Number(radius) - Math.max(known / 44, 0.05)) < 1e-6,
          `${radius} cells of ${known} mm`,
        );
        const high = [...hits.heightMm.subarray(0, count)].filter((mm) => mm !== 0).length;
        assertEquals(await drawn.last().locator("circle").count(), high);
        const keep = Deno.env.get("CLOUDCHAMBER_SCREENSHOTS");
        if (keep) await page.screenshot({ path: join(keep, "page-hits.png") });
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    }),
);
