/** Frames of an image that unfolds, as a page that plays them. @module */
import { pageHtml } from "./_page.ts";

/** Options for {@linkcode moviePlayerHtml}. */
export interface MoviePlayerOptions {
  /** Above the movie. */
  title: string;
  /** What stands at each frame. */
  captions: readonly string[];
  /** How long a frame stands, milliseconds. @default {200} */
  delayMs?: number;
  /** What a value means, at the scale. @default {""} */
  valueTitle?: string;
}

const SCRIPT = `
const canvas = document.querySelector("canvas"), context = canvas.getContext("2d");
const slider = document.querySelector("input"), place = document.querySelector("output"), button = document.querySelector("button");
const bytes = Uint8Array.from(atob(data.values), (c) => c.charCodeAt(0)), values = new Float32Array(bytes.buffer);
const size = data.height * data.width, frames = values.length / size;
const small = new OffscreenCanvas(data.width, data.height), pixels = small.getContext("2d");
function draw() {
  const frame = slider.valueAsNumber - 1, image = new ImageData(data.width, data.height);
  for (let p = 0; p < size; p++) {
    const value = values[frame * size + p];
    image.data.set(value > 0 ? [...viridis(value / data.most), 255] : [255, 255, 255, 255], 4 * p);
  }
  pixels.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.fillStyle = "#fff"; context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(small, 0, 0, canvas.height, canvas.height);
  for (let y = 0; y < canvas.height; y++) { context.fillStyle = "rgb(" + viridis(1 - y / canvas.height) + ")"; context.fillRect(canvas.height + 20, y, 20, 1); }
  context.fillStyle = "#222"; context.font = "13px sans-serif";
  [0, 0.5, 1].forEach((share) => context.fillText((share * data.most).toPrecision(2), canvas.height + 46, Math.min(canvas.height - 4, Math.max(12, (1 - share) * canvas.height))));
  place.textContent = data.captions[frame];
  slider.setAttribute("aria-valuetext", data.captions[frame]);
}
let timer;
function play(on) {
  clearInterval(timer);
  button.textContent = on ? "Pause" : "Play";
  timer = on ? setInterval(() => { slider.value = slider.valueAsNumber % frames + 1; draw(); }, data.delayMs) : undefined;
}
button.addEventListener("click", () => play(timer === undefined));
slider.addEventListener("input", () => { play(false); draw(); });
draw();`;

/**
 * Writes the page: a button plays, a slider goes to a frame; zeros are white, and one scale holds for all frames.
 *
 * @param values [frames, height, width], row-major, not negative.
 * @throws {RangeError} If there are not as many values as the shape says, or not a caption for each frame.
 * @example Two frames of one pixel
 * ```ts
 * const page = moviePlayerHtml(Float32Array.of(0, 1), [2, 1, 1], { title: "On", captions: ["dark", "light"] });
 * page.includes("Play"); // true
 * ```
 */
export function moviePlayerHtml(
  values: Float32Array,
  shape: readonly [frames: number, height: number, width: number],
  options: MoviePlayerOptions,
): string {
  const { title, captions, delayMs = 200, valueTitle = "" } = options, [frames, height, width] = shape;
  if (values.length !== frames * height * width || values.length === 0) {
    throw new RangeError(`Cannot play frames of [${shape.join(", ")}] as there are ${values.length} values`);
  }
  if (captions.length !== frames) {
    throw new RangeError(`Cannot play ${frames} frames as there are ${captions.length} captions`);
  }
  const most = values.reduce((largest, value) => Math.max(largest, value), 0);
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const body =
    `<canvas width="600" height="500" role="img" aria-label="The movie, frame by frame"></canvas>` +
    `<div class="bar"><button type="button">Play</button>` +
    `<input type="range" min="1" max="${frames}" value="1" aria-label="Frame"><output></output></div>`;
  const data = { values: bytes.toBase64(), height, width, most, captions, delayMs };
  return pageHtml({ title: valueTitle ? `${title}: ${valueTitle}` : title, body, data, script: SCRIPT });
}
