// Turns a box with points in it. The page around it gives `data`, and `viridis` as viridis.ts has it.

const canvas = document.querySelector("canvas"), context = canvas.getContext("2d");
const half = canvas.width / 2, scale = 0.58 * canvas.width;
const values = data.points.map(({ value }) => value);
const low = Math.min(...values), high = Math.max(...values);
let turn = 0.6, tilt = 0.45;

const color = (value) => viridis(high > low ? (value - low) / (high - low) : 0).join(",");
const unit = (value, [from, to]) => (value - from) / (to - from) - 0.5;
const degrees = (angle) => Math.round(angle * 180 / Math.PI);

/** Where a point of the unit cube around 0 is on the canvas, and how far behind it. */
function project([x, y, z]) {
  const along = x * Math.cos(turn) - y * Math.sin(turn), depth = x * Math.sin(turn) + y * Math.cos(turn);
  return {
    x: half + scale * along,
    y: half - scale * (depth * Math.sin(tilt) + z * Math.cos(tilt)),
    depth: depth * Math.cos(tilt) - z * Math.sin(tilt),
  };
}

function line(from, to) {
  const a = project(from), b = project(to);
  context.beginPath();
  context.moveTo(a.x, a.y);
  context.lineTo(b.x, b.y);
  context.stroke();
}

function drawBox() {
  context.strokeStyle = "#888";
  for (const a of [-0.5, 0.5]) {
    for (const b of [-0.5, 0.5]) {
      line([a, b, -0.5], [a, b, 0.5]);
      line([a, -0.5, b], [a, 0.5, b]);
      line([-0.5, a, b], [0.5, a, b]);
    }
  }
}

function drawNames() {
  context.fillStyle = "#222";
  context.font = "15px sans-serif";
  context.textAlign = "center";
  const places = [[0, -0.62, -0.64], [0.62, 0, -0.64], [-0.5, -0.5, 0.6]];
  places.forEach((place, axis) => {
    const { x, y } = project(place);
    context.fillText(`${data.names[axis]} ${data.ranges[axis].join(" to ")}`, x, y);
  });
}

/** Points, those that are far away first. */
function drawPoints() {
  const [inX, inY, inZ] = data.ranges;
  const seen = data.points.map((point) => {
    const at = project([unit(point.x, inX), unit(point.y, inY), unit(point.z, inZ)]);
    return { ...point, at };
  });
  seen.sort((a, b) => b.at.depth - a.at.depth);
  for (const { at, size, value } of seen) {
    context.fillStyle = `rgba(${color(value)},0.5)`;
    context.beginPath();
    context.arc(at.x, at.y, Math.max(1.5, Math.sqrt(size / Math.PI)), 0, 7);
    context.fill();
  }
}

function draw() {
  context.clearRect(0, 0, canvas.width, canvas.height);
  drawBox();
  drawNames();
  drawPoints();
  const seenFrom = `turned ${degrees(turn)}°, from ${degrees(tilt)}° above`;
  const meaning = `${data.valueTitle} ${low.toPrecision(2)} to ${high.toPrecision(2)}`;
  document.querySelector("output").textContent = `${seenFrom}; ${meaning}`;
}

function move(by, up) {
  turn += by;
  tilt = Math.max(-1.57, Math.min(1.57, tilt + up));
  draw();
}

const STEPS = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] };
canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
canvas.addEventListener("pointermove", (event) => {
  if (event.buttons) move(event.movementX / 150, event.movementY / 150);
});
canvas.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  if (!step) return;
  event.preventDefault();
  move(...step);
});
draw();
