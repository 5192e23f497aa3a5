import { decodePng } from "../../../lib/io/png.ts";
import {
  createLivePlot,
  display,
  picturesOf,
  plotBatchLoss,
  plotConfusion,
  plotImageGrid,
  plotLearningCurve,
  plotRoc,
  renderPng,
  renderSvg,
  reportHtml,
  svgToPng,
} from "../../../lib/plot/mod.ts";
import { auc, confusionMatrix, rocCurve } from "../../../lib/evaluate/mod.ts";
import { assert, assertEquals, assertRejects } from "../../assert.ts";

/** Pixels that are darker than mid grey within a part of a picture. */
function inkIn(png: Uint8Array, rows: number): number {
  const { data, width, channels } = decodePng(png);
  let ink = 0;
  for (let i = 0; i < rows * width; i++) if (data[i * channels] < 128) ink++;
  return ink;
}

Deno.test("renderPng() writes text with the fonts that it brings along", async () => {
  const named = plotBatchLoss([3, 2, 1], { title: "WWWWWWWWWW" });
  const blank = plotBatchLoss([3, 2, 1], { title: " " });
  const [withTitle, without] = [await renderPng(named, { scale: 1 }), await renderPng(blank, { scale: 1 })];
  const difference = inkIn(withTitle, 16) - inkIn(without, 16);
  assert(difference > 200, `ten bold letters leave ${difference} dark pixels`);
});

Deno.test("renderPng() scales", async () => {
  const spec = plotBatchLoss([3, 2, 1]);
  const [one, two] = [decodePng(await renderPng(spec, { scale: 1 })), decodePng(await renderPng(spec))];
  assertEquals([two.height, two.width], [2 * one.height, 2 * one.width]);
});

Deno.test("renderSvg() takes the page's colours, or its own on white or black", async () => {
  const spec = plotBatchLoss([3, 2, 1]);
  const page = await renderSvg(spec, { theme: "page" });
  assert(page.includes('fill="currentColor"') && !page.includes("white"));
  assert((await renderSvg(spec)).includes('fill="#ffffff"'));
  assert((await renderSvg(spec, { theme: "dark" })).includes('fill="#14171c"'));
});

Deno.test("renderSvg() rejects what is no chart", async () => {
  await assertRejects(() => renderSvg({ $schema: "", mark: "line" }), Error);
});

Deno.test("svgToPng() draws several at once, each its own, and rejects what is no SVG", async () => {
  const square = (side: number) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}"><rect width="9" height="9"/></svg>`;
  const drawn = await Promise.all([3, 5, 4].map((side) => svgToPng(square(side), 2)));
  assertEquals(drawn.map((png) => decodePng(png).width), [6, 10, 8]);
  await assertRejects(() => svgToPng("no picture"), Error);
});

const metrics = {
  accuracy: {
    value: 0.97412,
    low: 0.9613,
    high: 0.9831,
    n: 10000,
    split: "test",
    baseline: { name: "most frequent class", value: 0.1135 },
  },
};

Deno.test("reportHtml() holds numbers with intervals and baselines, tables and text, escaped", async () => {
  const page = await reportHtml({
    title: "<script>alert(1)</script>",
    facts: { seed: 7 },
    sections: [{
      title: "Result & more",
      text: "One.\n\nTwo.",
      metrics,
      tables: [{ columns: ["class", "n"], rows: [["<b>", 1234567]] }],
    }],
  });
  assert(!page.includes("<script") && !page.includes("<b>"));
  assert(page.includes("&#60;script&#62;") && page.includes("Result &#38; more"));
  assert(page.includes("<p>One.</p>\n<p>Two.</p>"));
  for (
    const shown of ["0.974", "[0.961, 0.983]", "10,000", "test", "0.114 (most frequent class)", "1,234,570"]
  ) {
    assert(page.includes(shown), `the page lacks "${shown}"`);
  }
});

Deno.test("reportHtml() keeps a cell of forty letters on one line, and breaks a longer one", async () => {
  const rows = [["a".repeat(40)], ["b".repeat(41)]];
  const page = await reportHtml({
    title: "run",
    sections: [{ title: "", tables: [{ columns: ["c"], rows }] }],
  });
  assert(page.includes(`<td class="short">${rows[0]}</td>`), "forty letters are broken");
  assert(page.includes(`<td class="">${rows[1]}</td>`), "forty-one letters are not broken");
});

Deno.test("reportHtml() asks for nothing from outside and keeps the ids of its charts apart", async () => {
  const [scores, labels] = [[0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]];
  const confusion = plotConfusion(confusionMatrix([0, 0, 1], [0, 1, 1], 2), ["ER", "NR"]);
  const page = await reportHtml({
    title: "run",
    sections: [{
      title: "Charts",
      figures: [
        {
          spec: plotRoc([{ name: "all", curve: rocCurve(scores, labels), auc: auc(scores, labels) }]),
          caption: "ROC <1>",
        },
        { spec: confusion },
        { spec: confusion },
        { spec: plotImageGrid(picturesOf(new Uint8Array(4), [1, 2, 2])) },
        { spec: plotLearningCurve({ loss: [1, 0.5], accuracy: [0.1, 0.4] }) },
      ],
    }],
  });
  const addresses = [...page.matchAll(/(?:href|src)="([^"]*)"/g)].map((match) => match[1]);
  assert(
    addresses.every((address) => /^(data:image\/png|#)/.test(address)),
    addresses.join(", ").slice(0, 300),
  );
  const outside = page.replaceAll(/xmlns(:xlink)?="[^"]*"/g, "").match(/https?:\/\/\S{0,40}/g);
  assertEquals(outside, null);
  assert(page.includes(`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`));
  const ids = [...page.matchAll(/\bid="([^"]+)"/g)].map((match) => match[1]);
  assert(ids.length >= 2, "gradients and clips have ids");
  assertEquals(new Set(ids).size, ids.length);
  for (const [, used] of page.matchAll(/url\(#([^)]+)\)/g)) {
    assert(ids.includes(used), `nothing is called ${used}`);
  }
  assert(
    page.includes(
      'role="img" aria-label="ROC &#60;1&#62; ROC: Background rejection against Signal efficiency',
    ),
  );
  assert(page.includes("prefers-color-scheme: dark"));
});

Deno.test("display() gives Vega-Lite for JupyterLab and SVG for others", async () => {
  const spec = plotBatchLoss([3, 2, 1]);
  const bundle = await display(spec)[Symbol.for("Jupyter.display")]();
  assertEquals(bundle["application/vnd.vegalite.v5+json"], spec);
  assert(String(bundle["image/svg+xml"]).startsWith("<svg"));
  const drawn = await display("<svg></svg>")[Symbol.for("Jupyter.display")]();
  assertEquals(drawn["image/svg+xml"], "<svg></svg>");
});

Deno.test("createLivePlot() redraws one output in place, not too often, and ends with an SVG", async () => {
  const sent: [string, { data: Record<string, unknown>; transient: { display_id: string } }][] = [];
  const losses = [3];
  let clock = 0;
  const live = createLivePlot(() => plotBatchLoss(losses), {
    broadcast: (type, content) => {
      sent.push([type, content as (typeof sent)[number][1]]);
      return Promise.resolve();
    },
    everyMs: 100,
    now: () => clock,
  });
  for (const time of [0, 40, 99, 100, 150, 230]) {
    clock = time;
    losses.push(3 - time / 100);
    await live.update();
  }
  await live.finish();
  assertEquals(sent.map(([type]) => type), [
    "display_data",
    "update_display_data",
    "update_display_data",
    "update_display_data",
  ]);
  assertEquals(new Set(sent.map(([, content]) => content.transient.display_id)).size, 1);
  const last = sent[3][1].data;
  assert(String(last["image/svg+xml"]).startsWith("<svg"));
  const drawn = last["application/vnd.vegalite.v5+json"] as { data: { values: unknown[] } };
  assertEquals(drawn.data.values.length, losses.length);
});

Deno.test("createLivePlot() has sent what it draws when its promise is kept", async () => {
  let sent = 0;
  const live = createLivePlot(() => plotBatchLoss([3, 2]), {
    broadcast: async () => {
      await new Promise((resolve) => setTimeout(resolve));
      sent++;
    },
    now: () => 0,
  });
  await live.update();
  assertEquals(sent, 1);
  await live.finish();
  assertEquals(sent, 2);
});
