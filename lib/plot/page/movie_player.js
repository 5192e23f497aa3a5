// Plays frames. The page around it gives `data`, and `viridis` as viridis.ts has it.

const canvas = document.querySelector("canvas"), context = canvas.getContext("2d");
const slider = document.querySelector("input"), place = document.querySelector("output");
const button = document.querySelector("button");
const bytes = Uint8Array.from(atob(data.values), (letter) => letter.charCodeAt(0));
const values = new Float32Array(bytes.buffer);
const size = data.height * data.width, frames = values.length / size;
const small = new OffscreenCanvas(data.width, data.height), pixels = small.getContext("2d");
/** Where the scale stands beside the picture, and its numbers beside it. */
const SCALE = { left: canvas.height + 20, width: 20, words: canvas.height + 46 };
let timer;

/** A frame as an image of its own size; nothing is white. */
function imageOf(frame) {
  const image = new ImageData(data.width, data.height);
  for (let p = 0; p < size; p++) {
    const value = values[frame * size + p];
    image.data.set(value > 0 ? [...viridis(value / data.most), 255] : [255, 255, 255, 255], 4 * p);
  }
  return image;
}

function drawScale() {
  for (let y = 0; y < canvas.height; y++) {
    context.fillStyle = `rgb(${viridis(1 - y / canvas.height)})`;
    context.fillRect(SCALE.left, y, SCALE.width, 1);
  }
  context.fillStyle = "#222";
  context.font = "13px sans-serif";
  for (const share of [0, 0.5, 1]) {
    const y = Math.min(canvas.height - 4, Math.max(12, (1 - share) * canvas.height));
    context.fillText((share * data.most).toPrecision(2), SCALE.words, y);
  }
}

function draw() {
  const frame = slider.valueAsNumber - 1;
  pixels.putImageData(imageOf(frame), 0, 0);
  context.imageSmoothingEnabled = false;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(small, 0, 0, canvas.height, canvas.height);
  drawScale();
  place.textContent = data.captions[frame];
  slider.setAttribute("aria-valuetext", data.captions[frame]);
}

function goOn() {
  slider.value = slider.valueAsNumber % frames + 1;
  draw();
}

function play(on) {
  clearInterval(timer);
  button.textContent = on ? "Pause" : "Play";
  timer = on ? setInterval(goOn, data.delayMs) : undefined;
}

button.addEventListener("click", () => play(timer === undefined));
slider.addEventListener("input", () => {
  play(false);
  draw();
});
draw();
