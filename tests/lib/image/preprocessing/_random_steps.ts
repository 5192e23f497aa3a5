/** Random pictures and lists of steps that fit them, the same for the same seed. @module */
import { createRng } from "../../../../lib/base/rng.ts";
import {
  type Pixels,
  type PreprocessingStep,
  shapeAfter,
  sizeOf,
} from "../../../../lib/image/preprocessing/mod.ts";

export interface RandomCase {
  pixels: Pixels<Uint8Array | Uint16Array | Float32Array>;
  white: number;
  steps: PreprocessingStep[];
}

/** Draws a picture of bytes, 16 bits or floats, of 1 to 5 channels, or a volume, and up to six steps. */
export function randomCase(seed: number): RandomCase {
  const rng = createRng(seed);
  const whole = (low: number, high: number) => low + Math.floor(rng() * (high - low + 1));
  const isVolume = rng() < 0.25, isShower = !isVolume && rng() < 0.2;
  const shape = [whole(3, 12), whole(3, 12), isShower ? 2 : whole(1, 5)];
  if (isVolume) shape.unshift(whole(1, 3));
  const type = isShower ? "float" : (["bytes", "words", "float"] as const)[whole(0, 2)];
  const white = { bytes: 255, words: 65535, float: 1 }[type];
  const values = Float64Array.from({ length: sizeOf(shape) }, () => Math.floor(rng() * (white + 1)));
  const data = type === "bytes"
    ? Uint8Array.from(values)
    : type === "words"
    ? Uint16Array.from(values)
    : Float32Array.from(values, () => 2 * rng() - 0.5);
  const steps: PreprocessingStep[] = [];
  const now = { shape, low: type === "float" ? -0.5 : 0, high: type === "float" ? 1.5 : white };
  let isLit = true;
  if (isShower) {
    steps.push({
      op: "timeOrder",
      minTime: -0.4,
      maxTime: 0.4,
      step: 0.05 + rng(),
      cumulative: rng() < 0.5,
      removeEmpty: rng() < 0.5,
      lowEnergy: 0.2,
      outside: "drop",
      channels: rng() < 0.5 ? "both" : "energy",
      like: rng() < 0.5 ? "right" : "document",
    });
    isLit = false;
  }
  for (let left = whole(0, 6); left > 0; left--) {
    const current = shapeAfter(steps, now.shape), [height, width, channels] = current.slice(-3);
    const range = now.high - now.low, each = (value: () => number) => Array.from({ length: channels }, value);
    switch (whole(0, isLit ? 12 : 11)) {
      case 0:
        if (channels <= 4) steps.push({ op: "grey" });
        break;
      case 1:
        steps.push({ op: "resize", height: whole(1, 14), width: whole(1, 14) });
        break;
      case 2:
      case 3:
        steps.push({ op: "cropCenter", size: whole(1, Math.min(height, width)) });
        break;
      case 4:
        steps.push({ op: "pad", height: height + whole(0, 3), width: width + whole(0, 3), value: now.low });
        break;
      case 5:
        steps.push({ op: "window", low: now.low + rng() * range / 4, high: now.high - rng() * range / 4 });
        [now.low, now.high] = [0, 1];
        break;
      case 6:
        steps.push({ op: "scale", factor: 2 / range, offset: -rng() });
        [now.low, now.high] = [now.low * 2 / range - 1, now.high * 2 / range];
        break;
      case 7: {
        const mean = each(() => now.low + rng() * range), std = each(() => range / (1 + rng()));
        steps.push({ op: "standardize", mean, std: rng() < 0.5 ? std : std[0] });
        [now.low, now.high, isLit] = [-2, 2, false];
        break;
      }
      case 8:
        steps.push({ op: "asinh", scale: rng() < 0.5 ? range : each(() => range * (0.5 + rng())) });
        [now.low, now.high, isLit] = [-2, 2, false];
        break;
      case 9:
        if (now.low < 0) break;
        steps.push({ op: "log1p" });
        [now.low, now.high] = [Math.log1p(now.low), Math.log1p(now.high)];
        break;
      case 10: {
        if (channels > 1 && now.low >= 0 && rng() < 0.4) {
          const band = whole(0, channels - 1), minus = (band + whole(1, channels - 1)) % channels;
          steps.push({ op: "colorResidual", band, minus, radius: 1 + 3 * rng() });
          [now.low, isLit] = [now.low - 10 * now.high, false];
        } else if (rng() < 0.5) {
          const min = each(() => now.low + rng() * range / 4), max = each(() => now.high - rng() * range / 4);
          steps.push({ op: "bandLimits", min, max });
          [now.low, now.high] = [0, 1];
        } else {steps.push({
            op: "selectBands",
            bands: Array.from({ length: whole(1, 3) }, () => whole(0, channels - 1)),
          });}
        break;
      }
      case 11:
        steps.push({ op: "removeHotPixels", above: range * (0.02 + 0.2 * rng()) });
        break;
      case 12:
        steps.push({ op: "invertIfBright" });
        break;
    }
  }
  return { pixels: { data, shape }, white, steps };
}
