// The page's behaviour: no framework, nothing from elsewhere, and no markup made from text.

const $ = (id) => document.getElementById(id);
const percent = (share) => `${(100 * share).toFixed(share > 0.9995 || share < 0.0005 ? 2 : 1)} %`;
const number = (value) => Number(value.toPrecision(4)).toString();

/** Value and uncertainty to the second figure of the uncertainty, as measurements are written. */
function measured(value, sigma) {
  if (!(sigma > 0)) return number(value);
  const digits = Math.min(Math.max(1 - Math.floor(Math.log10(sigma)), 0), 20);
  return `${value.toFixed(digits)} ± ${sigma.toFixed(digits)}`;
}

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

async function loadModels() {
  try {
    ({ models } = await (await ask("models")).json());
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
  describeModel();
  if (models.length === 0) say("The store holds no model yet.", true);
}

function describeModel() {
  const model = models.find(({ name }) => name === $("model").value);
  if (!model?.inputs) return;
  sessionStorage.setItem("model", model.name);
  const quality = Object.entries(model.metrics ?? {}).slice(0, 2).map((
    [name, { value, low, high, split, n }],
  ) => `${name} ${number(value)} (95 % from ${number(low)} to ${number(high)}, ${split} split, n = ${n})`);
  $("card").textContent = [model.description, ...quality].filter(Boolean).join(" · ");
}

/** Draws what the model saw: grey, or colour for three channels. */
function drawView(canvas, { height, width, channels, data }) {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  for (let p = 0; p < width * height; p++) {
    for (let c = 0; c < 3; c++) image.data[4 * p + c] = bytes[p * channels + (channels === 3 ? c : 0)];
    image.data[4 * p + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
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

function bar(share, label) {
  const track = make("div", "", { class: "track", role: "img", "aria-label": `${label}: ${percent(share)}` });
  const fill = make("div", "", { class: "fill" });
  fill.style.width = percent(Math.min(Math.max(share, 0), 1)).replace(" ", "");
  track.append(fill);
  return track;
}

function describeAnswer(name, answer) {
  const parts = [make("dt", name)];
  const body = make("dd");
  if (answer.kind === "value") {
    body.append(make("span", `${measured(answer.value, answer.uncertainty)} ${answer.units}`));
  } else if (answer.kind === "probability") {
    body.append(
      make("span", `${answer.label} (${percent(answer.probability)})`),
      bar(answer.probabilities[answer.positive], `P(${answer.positive})`),
      make(
        "span",
        `P(${answer.positive}) = ${percent(answer.probabilities[answer.positive])}, ` +
          `${answer.positive} from ${percent(answer.threshold)}`,
        { class: "small" },
      ),
    );
  } else {
    body.append(
      make("span", `${answer.label}: ${percent(answer.probability)}`),
      bar(answer.probability, answer.label),
    );
    const table = make("table", "", { "aria-label": `Probabilities of ${name}` });
    const best = Object.entries(answer.probabilities).sort((a, b) => b[1] - a[1]).slice(0, 4);
    for (const [label, share] of best) {
      const row = make("tr");
      row.append(make("td", label), make("td", percent(share)));
      table.append(row);
    }
    body.append(table);
  }
  parts.push(body);
  return parts;
}

/** One line of a result for a screen reader. */
function summary({ name, answers }) {
  const words = Object.entries(answers).map(([output, answer]) =>
    answer.kind === "value"
      ? `${output} ${number(answer.value)} ${answer.units}`
      : `${output} ${answer.label} ${percent(answer.probability)}`
  );
  return `${name}: ${words.join(", ")}`;
}

async function explain(result, file, picture, button, note) {
  button.disabled = true;
  say(`Looking at what mattered in ${result.name}…`);
  try {
    const { map } = await (await ask(`score/${encodeURIComponent(result.model)}/${result.version}?map=1`, {
      method: "POST",
      body: file,
    })).json();
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
  session.push({ ...result, view: undefined });
  $("empty").hidden = true;
  $("save").disabled = $("clear").disabled = false;
  if (result.error) {
    const item = make("li", "", { class: "failed" });
    item.append(make("h3", result.name ?? "file"), make("p", result.error, { class: "wrong" }));
    return $("results").prepend(item);
  }
  const item = make("li"), picture = make("div", "", { class: "picture" }), text = make("div");
  if (result.view) {
    const canvas = make("canvas", "", { role: "img", "aria-label": `${result.name} as the model sees it` });
    drawView(canvas, result.view);
    picture.append(canvas);
  }
  const list = make("dl");
  for (const [name, answer] of Object.entries(result.answers)) list.append(...describeAnswer(name, answer));
  const { decodeMs, computeMs, totalMs } = result.timings;
  const small = `${result.model} version ${result.version} · ${result.height} × ${result.width} pixels · ` +
    `${number(totalMs)} ms (decode ${number(decodeMs)}, model ${number(computeMs)})`;
  const note = make("p", "", { class: "small" });
  text.append(make("h3", result.name), list, make("p", small, { class: "small" }));
  if (file) {
    const button = make("button", "Show what mattered", {
      type: "button",
      "aria-label": `Show what mattered in ${result.name}`,
    });
    button.addEventListener("click", () => explain(result, file, picture, button, note));
    text.append(button);
  }
  text.append(note);
  item.append(picture, text);
  $("results").prepend(item);
}

async function scoreFile(file) {
  const path = `score/${encodeURIComponent($("model").value)}?view=1`;
  const headers = {
    accept: "application/x-ndjson",
    "content-disposition": `attachment; filename="${file.name.replace(/[^\x20-\x7e]|["\\]/g, "_")}"`,
  };
  const response = await ask(path, { method: "POST", body: file, headers });
  const single = response.headers.get("content-type").includes("application/json");
  if (single) return [[await response.json(), file]];
  const lines = (await response.text()).trim().split("\n");
  return lines.filter(Boolean).map((line) => [JSON.parse(line), undefined]);
}

async function scoreFiles(files) {
  let count = 0;
  for (const [i, file] of [...files].entries()) {
    say(`Scoring ${file.name} (${i + 1} of ${files.length})…`);
    try {
      const results = await scoreFile(file);
      for (const [result, own] of results) show(result, own);
      count += results.length;
      if (results.length === 1 && !results[0][0].error) say(summary(results[0][0]));
      else say(`${count} pictures scored.`);
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
$("model").addEventListener("change", describeModel);
$("token").addEventListener("change", loadModels);
$("clear").addEventListener("click", () => {
  session.length = 0;
  $("results").replaceChildren();
  $("empty").hidden = false;
  $("save").disabled = $("clear").disabled = true;
  say("Cleared.");
  $("files").focus();
});
$("save").addEventListener("click", () => {
  const url = URL.createObjectURL(new Blob([JSON.stringify(session, null, 2)], { type: "application/json" }));
  make("a", "", { href: url, download: "scores.json" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
});
loadModels();
