/** What a page draws: the input as the model sees it, and answers without their kinds. @module */
import type { Answers } from "../card/answers.ts";
import type { CardTensor } from "../card/card.ts";
import type { Display, DisplayMarks } from "../card/output_kind.ts";
import { kindOf } from "../card/outputs/registry.ts";
import type { Region } from "../image/preprocessing/registry.ts";
import { type DrawnHits, limitsOf } from "../score/raw_array.ts";

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

/** Largest view of a volume with all its frames, bytes; of a larger one the middle frame stands for all. */
const MOST_BYTES = 4 << 20;

/**
 * An input as bytes from its lowest to its highest value, in base64: of a volume frame after frame, of other than three
 * channels the first. Undefined where there are no rows and columns.
 */
export function viewOf(values: Float32Array, { shape }: CardTensor): Record<string, unknown> | undefined {
  if (shape.length < 3) return undefined;
  const [height, width, channels] = shape.slice(-3);
  const pixels = height * width, frames = values.length / (pixels * channels);
  const drawn = channels === 3 ? 3 : 1;
  const isWhole = frames * pixels * drawn <= MOST_BYTES;
  const first = isWhole ? 0 : Math.floor(frames / 2) * pixels, shown = isWhole ? frames : 1;
  const [low, high] = limitsOf(values);
  const scale = high > low ? 255 / (high - low) : 0;
  const bytes = new Uint8Array(shown * pixels * drawn);
  for (let p = 0; p < shown * pixels; p++) {
    for (let c = 0; c < drawn; c++) {
      bytes[p * drawn + c] = Math.round((values[(first + p) * channels + c] - low) * scale);
    }
  }
  return { height, width, channels: drawn, ...(shown > 1 && { frames }), low, high, data: base64(bytes) };
}

/** The rows and columns that were looked at, where that is not the whole picture. */
export function cropOf({ rows, columns }: Region, height: number, width: number): Region | undefined {
  const isWhole = rows[0] === 0 && rows[1] === height && columns[0] === 0 && columns[1] === width;
  return isWhole ? undefined : { rows, columns };
}

function displayJson({ text, bars, picture }: Display, columns: Record<string, string | number>) {
  return {
    text,
    columns,
    ...(bars ? { bars } : {}),
    ...(picture ? { picture: { ...picture, data: base64(picture.data) } } : {}),
  };
}

/** Every answer for eyes, by the name of its output. */
export function displaysOf(answers: Answers): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(answers).map(([name, answer]) => {
      const kind = kindOf(answer);
      return [name, displayJson(kind.display(answer), kind.columns(name, answer))];
    }),
  );
}

/** A tracker's hits with the labels that an answer gives them, and what these labels' colours are. */
export interface MarkedHits extends DrawnHits {
  /** Number of each hit's label, -1 of one that was not seen. */
  label?: number[];
  legend?: DisplayMarks["legend"];
}

/** The hits, with the labels of the first answer that has one for each of their places. */
export function markHits(hits: DrawnHits, answers: Answers): MarkedHits {
  const most = Math.max(...hits.place);
  for (const answer of Object.values(answers)) {
    const { marks } = kindOf(answer).display(answer);
    if (!marks || marks.places.length <= most) continue;
    return { ...hits, label: hits.place.map((at) => at < 0 ? -1 : marks.places[at]), legend: marks.legend };
  }
  return hits;
}
