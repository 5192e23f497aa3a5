// The page's behaviour: no framework, nothing from elsewhere, and no markup made from text.

const $ = (id) => document.getElementById(id);
const percent = (share) => `${(100 * share).toFixed(share > 0.9995 || share < 0.0005 ? 2 : 1)} %`;
const number = (value) => Number(value.toPrecision(4)).toString();

let models = [];
const session = [];

/** An element with text and attributes; text is never parsed as markup. */
function make(tag, text = "", attributes = {}) {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function say(text, wrong = false) {
  $("status").textContent = text;
  $("status").classList.toggle("wrong", wrong);
}

/** A request with the tab's token; answers that are no success become errors with the server's own words. */
async function ask(path, options = {}) {
  const token = $("token").value.trim();
  const headers = { ...options.headers, ...(token ? { authorization: `Bearer ${token}` } : {}) };
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch {
    throw new Error("The server cannot be reached.");
  }
  if (response.ok) return response;
  if (response.status === 401) {
    $("access").open = true;
    $("token").focus();
  }
  const { error } = await response.json().catch(() => ({ error: `The server answered ${response.status}.` }));
  throw new Error(error);
}

/** Whether a response is one answer, and no stream of lines. */
const isOneAnswer = (response) => (response.headers.get("content-type") ?? "").includes("application/json");

/** An answer's JSON texts, a line each where there are many; one that broke off is said in words. */
async function readAnswers(response) {
  try {
    const text = await response.text();
    const lines = isOneAnswer(response) ? [text] : text.trim().split("\n").filter(Boolean);
    return lines.map((line) => JSON.parse(line));
  } catch {
    throw new Error("The server's answer broke off.");
  }
}

async function loadModels() {
  try {
    [{ models }] = await readAnswers(await ask("models"));
  } catch (error) {
    return say(error.message, true);
  }
  const chosen = $("model").value || sessionStorage.getItem("model");
  $("model").replaceChildren(...models.map(({ name, version }) => {
    const option = make("option", version ? `${name} (version ${version})` : `${name} (not loaded)`, {
      value: name,
    });
    option.disabled = !version;
    option.selected = name === chosen;
    return option;
  }));
  chooseModel();
  if (models.length === 0) say("The store holds no model yet.", true);
}

const chosenModel = () => models.find(({ name }) => name === $("model").value);

/** Shows what is known of the chosen model, and its versions to choose from. */
function chooseModel() {
  const model = chosenModel();
  if (!model?.inputs) return;
  sessionStorage.setItem("model", model.name);
  const aliases = Object.entries(model.aliases ?? {});
  const names = (version) =>
    aliases.filter(([, means]) => means === version).map(([alias]) => alias).join(", ");
  $("version").replaceChildren(
    ...model.versions.toReversed().map((version) => {
      const alias = names(version);
      const option = make("option", alias ? `${version} (${alias})` : version, { value: version });
      option.disabled = version in (model.broken ?? {});
      option.selected = version === model.version;
      return option;
    }),
  );
  const quality = Object.entries(model.metrics ?? {}).slice(0, 2).map((
    [name, { value, low, high, split, n }],
  ) => `${name} ${number(value)} (95 % from ${number(low)} to ${number(high)}, ${split} split, n = ${n})`);
  const takes = model.inputs.map(({ name, shape, units }) => `${name} ${shape.join(" × ")} ${units}`.trim());
  $("card").textContent = [model.description, `takes ${takes.join(" and ")}`, ...quality].filter(Boolean)
    .join(" · ");
}

const bytesOf = (data) => Uint8Array.from(atob(data), (c) => c.charCodeAt(0));

/** Draws bytes: grey, colour for three channels, colour and opacity for four; of a volume one frame. */
function drawPicture(canvas, { height, width, channels, data }, frame = 0) {
  const size = height * width * channels;
  const bytes = bytesOf(data).subarray(frame * size, (frame + 1) * size);
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  for (let p = 0; p < width * height; p++) {
    for (let c = 0; c < 3; c++) image.data[4 * p + c] = bytes[p * channels + (channels >= 3 ? c : 0)];
    image.data[4 * p + 3] = channels === 4 ? bytes[4 * p + 3] : 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** An element of a drawing, with attributes. */
function draw(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

const CELL_MM = 44, HALF_HEIGHT_MM = 1550;

/**
 * A tracker's event in cells: from above with a circle of each hit's radius, a cross where it is not known; from the side and from the front where hits have
 * heights, in the colour of the label that a mask gives it. Side 0 of the foil is below.
 */
function drawHits({ side, layer, column, radiusMm, heightMm, label, legend }, name) {
  const across = side.map((one, i) => (one === 0 ? 1 : -1) * (layer[i] + 0.5 + 0.66)); // 29 mm between foil and cells
  const left = Math.max(0, Math.min(...column) - 2), right = Math.min(113, Math.max(...column) + 3);
  const up = (i) => -4 * heightMm[i] / HALF_HEIGHT_MM; // four cells high each way
  const drawing = (title, box) => {
    const svg = draw("svg", {
      viewBox: box.join(" "),
      role: "img",
      "aria-label": `${name} from ${title}`,
      class: "hits",
    });
    const frame = { x: box[0], y: box[1], width: box[2], height: box[3], class: "frame" };
    svg.append(draw("rect", frame));
    return svg;
  };
  const width = right - left;
  const above = drawing("above", [left, -10, width, 20]);
  above.append(draw("line", { x1: left, x2: right, y1: 0, y2: 0, class: "foil" }));
  const beside = drawing("the side", [left, -4, width, 8]), ahead = drawing("the front", [-10, -4, 20, 8]);
  side.forEach((_, i) => {
    const x = column[i] + 0.5, y = across[i], entry = legend?.[label[i]];
    const marked = (tag, attributes) => {
      const element = draw(tag, attributes);
      if (entry) element.style.color = `rgb(${entry.color.join(", ")})`;
      return element;
    };
    if (radiusMm[i] >= 0) {
      above.append(marked("circle", { cx: x, cy: y, r: Math.max(radiusMm[i] / CELL_MM, 0.05) }));
    } else above.append(marked("path", { d: `M${x - 0.3} ${y - 0.3}l.6 .6m-.6 0l.6 -.6` }));
    if (heightMm[i] === 0) return;
    beside.append(marked("circle", { cx: x, cy: up(i), r: 0.15, class: "dot" }));
    ahead.append(marked("circle", { cx: -y, cy: up(i), r: 0.15, class: "dot" }));
  });
  const missing = heightMm.filter((mm) => mm === 0).length;
  const figure = make("figure", "", { class: "event" });
  const words = `above, side and front; ${side.length} hits${
    missing > 0 ? `, ${missing} without a height` : ""
  }`;
  const caption = make("figcaption", words, { class: "small" });
  if (legend) {
    const used = legend.filter((_, i) => label.includes(i));
    caption.append(": ", ...used.flatMap(legendOf));
  }
  figure.append(above, beside, ahead, caption);
  return figure;
}

/** A slider through the frames of a volume, drawn on a canvas; the middle one first. */
function frameSlider(canvas, view, name) {
  const { frames } = view, row = make("label", "", { class: "frames small" });
  const slider = make("input", "", { type: "range", min: 1, max: frames, "aria-label": `Frame of ${name}` });
  const place = make("output");
  const turn = () => {
    drawPicture(canvas, view, slider.valueAsNumber - 1);
    place.textContent = `frame ${slider.value} of ${frames}`;
    slider.setAttribute("aria-valuetext", place.textContent);
  };
  slider.addEventListener("input", turn);
  slider.value = Math.floor(frames / 2) + 1;
  turn();
  row.append(slider, place);
  return row;
}

/** Lays the map over the picture: red where a part speaks for the answer, blue where against it. */
function drawMap(canvas, { rows, columns, values }) {
  canvas.width = columns;
  canvas.height = rows;
  const most = Math.max(...values.map(Math.abs)) || 1;
  const image = new ImageData(columns, rows);
  values.forEach((value, i) => {
    const [red, green, blue] = value > 0 ? [255, 90, 54] : [47, 155, 255];
    image.data.set([red, green, blue, 200 * Math.abs(value) / most], 4 * i);
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function bar({ share, label, threshold }) {
  const track = make("div", "", { class: "track", role: "img", "aria-label": `${label}: ${percent(share)}` });
  const fill = make("div", "", { class: "fill" });
  fill.style.width = percent(Math.min(Math.max(share, 0), 1)).replace(" ", "");
  track.append(fill);
  if (threshold !== undefined) {
    const mark = make("div", "", { class: "threshold", title: `given from ${percent(threshold)}` });
    mark.style.left = `${100 * threshold}%`;
    track.append(mark);
  }
  return track;
}

/** A colour and what it means. */
function legendOf({ label, color }) {
  const mark = make("span", "", { class: "legend" });
  mark.style.background = `rgb(${color.join(", ")})`;
  return [mark, `${label} `];
}

/** An answer as the server describes it for eyes; nothing here knows kinds of answers. */
function describeAnswer(name, { text, bars = [], picture }, frame) {
  const body = make("dd");
  body.append(make("span", text));
  if (bars.length > 0) body.append(bar(bars[0]));
  if (bars.length > 1) {
    const table = make("table", "", { "aria-label": `Probabilities of ${name}` });
    for (const { label, share, threshold } of bars.slice(0, 4)) {
      const row = make("tr");
      row.append(make("td", label), make("td", percent(share)));
      if (threshold !== undefined) row.append(make("td", `given from ${percent(threshold)}`));
      table.append(row);
    }
    body.append(table);
  }
  if (picture) {
    const canvas = make("canvas", "", { role: "img", "aria-label": `${name}: ${text}` });
    drawPicture(canvas, picture);
    if (picture.over) frame.append(canvas);
    else {
      const own = make("div", "", { class: "picture" });
      own.append(canvas);
      body.append(own);
    }
    const legend = make("span", "", { class: "small" });
    legend.append(...(picture.legend ?? []).flatMap(legendOf));
    body.append(legend);
  }
  return [make("dt", name), body];
}

/** What was looked at: which part of the file's frame, and between which intensities. */
function describeView({ low, high, crop }) {
  const parts = [`intensity seen: ${number(low)} to ${number(high)}`];
  if (crop) {
    const [[top, bottom], [left, right]] = [crop.rows, crop.columns];
    parts.push(`cropped to rows ${top} to ${bottom - 1}, columns ${left} to ${right - 1}`);
  }
  return parts.join(" · ");
}

/** One line of a result for a screen reader. */
function summary({ name, display }) {
  return `${name}: ${Object.entries(display).map(([output, { text }]) => `${output} ${text}`).join(", ")}`;
}

function mapQuery() {
  const range = $("range").value.trim();
  return new URLSearchParams(range ? { map: "1", range } : { map: "1" });
}

async function explain(result, file, picture, button, note) {
  button.disabled = true;
  say(`Looking at what mattered in ${result.name}…`);
  try {
    const path = `score/${encodeURIComponent(result.model)}/${result.version}?${mapQuery()}`;
    const [{ map }] = await readAnswers(await ask(path, { method: "POST", body: file }));
    const canvas = make("canvas", "", { role: "img", "aria-label": `What mattered for ${map.output}` });
    drawMap(canvas, map);
    picture.append(canvas);
    note.replaceChildren(
      make("span", "", { class: "legend for" }),
      "speaks for the answer ",
      make("span", "", { class: "legend against" }),
      "speaks against it",
    );
    button.remove();
    say(`The map of ${result.name} is shown.`);
  } catch (error) {
    button.disabled = false;
    say(error.message, true);
  }
}

function show(result, file) {
  session.push(result);
  $("empty").hidden = true;
  for (const id of ["save", "csv", "clear"]) $(id).disabled = false;
  countResults();
  if (result.error) {
    const item = make("li", "", { class: "failed" });
    item.append(make("h3", result.name ?? "file"), make("p", result.error, { class: "wrong" }));
    return $("results").prepend(item);
  }
  const item = make("li"), side = make("div"), picture = make("div", "", { class: "picture" });
  const text = make("div"), isVolume = result.view?.frames > 1;
  side.append(picture);
  if (result.view) {
    const canvas = make("canvas", "", { role: "img", "aria-label": `${result.name} as the model sees it` });
    picture.append(canvas);
    if (isVolume) side.append(frameSlider(canvas, result.view, result.name));
    else drawPicture(canvas, result.view);
  }
  const list = make("dl");
  for (const [name, display] of Object.entries(result.display)) {
    list.append(...describeAnswer(name, display, picture));
  }
  const { decodeMs, computeMs, totalMs } = result.timings;
  const size = result.shape ? result.shape.join(" × ") : `${result.height} × ${result.width} pixels`;
  const small = `${result.model} version ${result.version} · ${size} · ` +
    `${number(totalMs)} ms (decode ${number(decodeMs)}, model ${number(computeMs)})`;
  const note = make("p", "", { class: "small" });
  text.append(make("h3", result.name), list);
  for (const warning of result.warnings ?? []) {
    text.append(make("p", `Mind: ${warning}`, { class: "warning" }));
  }
  text.append(make("p", small, { class: "small" }));
  if (result.view) text.append(make("p", describeView(result.view), { class: "small" }));
  if (file && result.view && !isVolume) {
    const button = make("button", "Show what mattered", {
      type: "button",
      "aria-label": `Show what mattered in ${result.name}`,
    });
    button.addEventListener("click", () => explain(result, file, picture, button, note));
    text.append(button);
  }
  text.append(note);
  item.append(side, text);
  if (result.hits?.side.length > 0) item.append(drawHits(result.hits, result.name));
  $("results").prepend(item);
}

/** How many were scored in this session, and how many could not be. */
function countResults() {
  const failed = session.filter(({ error }) => error).length, scored = session.length - failed;
  $("count").textContent = session.length === 0 ? "" : `${scored} scored, ${failed} failed`;
}

/** What is saved of a result: all but what it was drawn from. */
function record({ view: _, display: __, map: ___, hits: ____, ...rest }) {
  return rest;
}

const csvCell = (value) => /[",\r\n]/.test(`${value}`) ? `"${`${value}`.replaceAll('"', '""')}"` : `${value}`;

/** The session as a table: a row a result, the columns of all of them. */
function sessionCsv() {
  const rows = session.map(({ name, model, version, error, warnings, display = {} }) => ({
    file: name ?? "",
    ...Object.assign({}, ...Object.values(display).map(({ columns }) => columns)),
    model: model ?? "",
    version: version ?? "",
    warnings: (warnings ?? []).join("; "),
    error: error ?? "",
  }));
  const names = [...new Set(rows.flatMap(Object.keys))];
  const lines = rows.map((row) => names.map((name) => csvCell(row[name] ?? "")).join(","));
  return [names.map(csvCell).join(","), ...lines].join("\r\n") + "\r\n";
}

function download(text, type, name) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  make("a", "", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

async function scoreFile(file) {
  const query = new URLSearchParams({ view: "1" });
  const range = $("range").value.trim();
  if (range) query.set("range", range);
  const version = $("version").value;
  const place = [$("model").value, ...(version ? [version] : [])].map(encodeURIComponent).join("/");
  const path = `score/${place}?${query}`;
  const headers = {
    accept: "application/x-ndjson",
    "content-disposition": `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`,
  };
  const response = await ask(path, { method: "POST", body: file, headers });
  const answers = await readAnswers(response);
  return answers.map((answer) => [answer, isOneAnswer(response) ? file : undefined]);
}

async function scoreFiles(files) {
  let count = 0;
  for (const [i, file] of [...files].entries()) {
    say(`Scoring ${file.name} (${i + 1} of ${files.length})…`);
    try {
      const results = await scoreFile(file);
      for (const [result, own] of results) show(result, own);
      count += results.length;
      const failed = results.filter(([{ error }]) => error).length;
      if (results.length === 1 && failed === 0) say(summary(results[0][0]));
      else say(`${count} results, ${failed} of ${file.name} failed.`, failed > 0);
    } catch (error) {
      show({ name: file.name, error: error.message });
      say(`${file.name}: ${error.message}`, true);
    }
  }
}

const drop = $("drop");
for (const type of ["dragenter", "dragover"]) {
  document.addEventListener(type, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) drop.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (event.dataTransfer.files.length > 0) scoreFiles(event.dataTransfer.files);
});
document.addEventListener("paste", (event) => {
  if (event.clipboardData.files.length > 0) scoreFiles(event.clipboardData.files);
});
$("files").addEventListener("change", async (event) => {
  await scoreFiles(event.target.files);
  event.target.value = "";
});
$("model").addEventListener("change", chooseModel);
$("token").addEventListener("change", loadModels);
$("clear").addEventListener("click", () => {
  session.length = 0;
  $("results").replaceChildren();
  $("empty").hidden = false;
  for (const id of ["save", "csv", "clear"]) $(id).disabled = true;
  countResults();
  say("Cleared.");
  $("files").focus();
});
$("save").addEventListener("click", () => {
  download(JSON.stringify(session.map(record), null, 2), "application/json", "scores.json");
});
$("csv").addEventListener("click", () => download(sessionCsv(), "text/csv", "scores.csv"));
loadModels();
