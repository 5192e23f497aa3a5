/** A scatter of points in space as a page on which it can be turned. @module */
import { pageHtml } from "./_page.ts";

/** A point; its place is within the box of {@linkcode TurnableScatterOptions}. */
export interface SpacePoint {
  /** Along the first axis. */
  x: number;
  /** Along the second axis. */
  y: number;
  /** Up. */
  z: number;
  /** What the colour is of. */
  value: number;
  /** Area, square pixels. */
  size: number;
}

/** Options for {@linkcode turnableScatterHtml}. */
export interface TurnableScatterOptions {
  /** Above the chart. */
  title: string;
  /** What stands at the three axes. */
  names: readonly [x: string, y: string, z: string];
  /** From where to where the box goes, along each axis. */
  ranges: readonly [x: readonly [number, number], y: readonly [number, number], z: readonly [number, number]];
  /** What the colour means. */
  valueTitle: string;
}

const SCRIPT = `
const canvas = document.querySelector("canvas"), context = canvas.getContext("2d"), half = canvas.width / 2;
let turn = 0.6, tilt = 0.45;
const values = data.points.map(({ value }) => value), low = Math.min(...values), high = Math.max(...values);
const color = (value) => viridis(high > low ? (value - low) / (high - low) : 0).join(",");
const unit = (value, [from, to]) => (value - from) / (to - from) - 0.5;
function project([x, y, z]) {
  const along = x * Math.cos(turn) - y * Math.sin(turn), depth = x * Math.sin(turn) + y * Math.cos(turn);
  return { x: half + 0.58 * canvas.width * along, y: half - 0.58 * canvas.width * (depth * Math.sin(tilt) + z * Math.cos(tilt)), depth: depth * Math.cos(tilt) - z * Math.sin(tilt) };
}
function line(from, to) {
  const a = project(from), b = project(to);
  context.beginPath(); context.moveTo(a.x, a.y); context.lineTo(b.x, b.y); context.stroke();
}
function draw() {
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.strokeStyle = "#888"; context.fillStyle = "#222"; context.font = "15px sans-serif"; context.textAlign = "center";
  for (const a of [-0.5, 0.5]) for (const b of [-0.5, 0.5]) {
    line([a, b, -0.5], [a, b, 0.5]); line([a, -0.5, b], [a, 0.5, b]); line([-0.5, a, b], [0.5, a, b]);
  }
  const places = [[0, -0.62, -0.64], [0.62, 0, -0.64], [-0.5, -0.5, 0.6]];
  places.forEach((place, i) => { const { x, y } = project(place); context.fillText(data.names[i] + " " + data.ranges[i].join(" to "), x, y); });
  const seen = data.points.map((p) => ({ ...p, at: project([unit(p.x, data.ranges[0]), unit(p.y, data.ranges[1]), unit(p.z, data.ranges[2])]) }));
  seen.sort((a, b) => b.at.depth - a.at.depth);
  for (const { at, size, value } of seen) {
    context.fillStyle = "rgba(" + color(value) + ",0.5)";
    context.beginPath(); context.arc(at.x, at.y, Math.max(1.5, Math.sqrt(size / Math.PI)), 0, 7); context.fill();
  }
  document.querySelector("output").textContent = "turned " + Math.round(turn * 180 / Math.PI) + "°, from " + Math.round(tilt * 180 / Math.PI) + "° above; " + data.valueTitle + " " + low.toPrecision(2) + " to " + high.toPrecision(2);
}
function move(by, up) { turn += by; tilt = Math.max(-1.57, Math.min(1.57, tilt + up)); draw(); }
canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
canvas.addEventListener("pointermove", (event) => { if (event.buttons) move(event.movementX / 150, event.movementY / 150); });
canvas.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] }[event.key];
  if (step) { event.preventDefault(); move(...step); }
});
draw();`;

/**
 * Writes the page: dragging or the arrow keys turn the box; points are half transparent, far ones first.
 *
 * @throws {RangeError} If a range is empty or a number is none.
 * @example One hit
 * ```ts
 * const page = turnableScatterHtml([{ x: 1, y: 1, z: 0, value: 2, size: 50 }], {
 *   title: "A hit",
 *   names: ["column", "row", "time"],
 *   ranges: [[0, 2], [0, 2], [-1, 1]],
 *   valueTitle: "energy",
 * });
 * page.startsWith("<!doctype html>"); // true
 * ```
 */
export function turnableScatterHtml(points: readonly SpacePoint[], options: TurnableScatterOptions): string {
  const { title, names, ranges, valueTitle } = options;
  if (!ranges.every(([from, to]) => from < to)) {
    throw new RangeError(`Cannot draw points in space as a range is empty: got ${JSON.stringify(ranges)}`);
  }
  const wrong = points.findIndex((point) => !Object.values(point).every(Number.isFinite));
  if (wrong >= 0) {
    throw new RangeError(
      `Cannot draw points in space as all must be numbers: point ${wrong} is ${
        JSON.stringify(points[wrong])
      }`,
    );
  }
  const body =
    `<canvas width="620" height="620" tabindex="0" role="img" aria-label="Points in space; the arrow keys turn them"></canvas>` +
    `<div class="bar"><output></output></div><p>Drag, or use the arrow keys.</p>`;
  return pageHtml({ title, body, data: { points, names, ranges, valueTitle }, script: SCRIPT });
}
