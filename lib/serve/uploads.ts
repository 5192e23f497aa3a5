/** The files of a request's body, and the examples in them. @module */
import { blamesInput } from "../base/foreseen.ts";
import type { Card } from "../card/card.ts";
import { type Found, joinInputs } from "../score/found.ts";
import { packedPicture } from "../score/packed_picture.ts";
import type { RawArray } from "../score/raw_array.ts";
import { isOfKnownFormat } from "../io/signatures.ts";
import { HttpProblem, problemOf } from "./problem.ts";
import type { Decoder } from "./context.ts";
import type { RoomShare } from "./room.ts";

/** One file of a body. */
export interface Upload {
  /** The form's field; undefined where the body is the file. */
  field?: string;
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** The name that `Content-Disposition` gives: `filename*=UTF-8''…` counts more than `filename=`. */
function nameOf(disposition: string | null): string | undefined {
  const extended = /filename\*=UTF-8'[^']*'([^;\s]{1,1000})/i.exec(disposition ?? "")?.[1];
  if (extended) {
    try {
      return decodeURIComponent(extended);
    } catch {
      // the plain name, if there is one
    }
  }
  return /filename="?([^";\r\n]{1,255})"?/i.exec(disposition ?? "")?.[1];
}

/**
 * The files of a body: one, or the parts of a form.
 *
 * @param room Counts a form's parts, which are copied twice.
 * @throws {HttpProblem} 400 if the form is none, 413 or 503 if there is no room for it.
 */
export async function uploadsOf(
  request: Request,
  body: Uint8Array<ArrayBuffer>,
  room: RoomShare,
): Promise<Upload[]> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^multipart\/form-data\b/i.test(type)) {
    return [{ name: nameOf(request.headers.get("content-disposition")) ?? "file", bytes: body }];
  }
  room.take(2 * body.length);
  let form: FormData;
  try {
    form = await new Response(body, { headers: { "content-type": type } }).formData();
  } catch {
    throw new HttpProblem(400, "The body is not valid multipart/form-data");
  }
  const uploads: Upload[] = [];
  for (const [field, value] of form) {
    if (typeof value === "string") continue;
    uploads.push({ field, name: value.name || field, bytes: new Uint8Array(await value.arrayBuffer()) });
  }
  if (uploads.length === 0) throw new HttpProblem(400, "The form holds no file");
  return uploads;
}

/** What a request asks of its files. */
export interface Opening {
  decoder: Decoder;
  card: Pick<Card, "inputs">;
  /** Only this example of each file, counted from 0. */
  page?: number;
  /** Counts the values that are found. */
  room: RoomShare;
}

/** Bytes that an example holds beside those of its file. */
function bytesOf(found: Found, file: Uint8Array): number {
  if ("arrays" in found) {
    return Object.values(found.arrays).reduce((sum, { data }) => sum + data.byteLength, 0);
  }
  // A picture that is a part of the file is read when its turn comes.
  return Object.hasOwn(found, "png") && "png" in found && found.png.buffer !== file.buffer
    ? found.png.byteLength
    : 0;
}

/** Opens a file in the decoder; a PNG goes on as it is where the model takes one picture. @throws {HttpProblem} 400, 413 or 415 */
async function open(
  { decoder, page, room }: Opening,
  upload: Upload,
  inputs: Card["inputs"],
  unpack: boolean,
): Promise<Found[]> {
  const { name, bytes } = upload;
  if (bytes.length === 0) throw new HttpProblem(400, "The body is empty: a file is needed");
  if (!isOfKnownFormat(bytes)) {
    throw new HttpProblem(
      415,
      "The file is none of PNG, JPEG, TIFF, FITS, .npy, .npz, idx, HDF5, ROOT, or a zip or gzip of these",
    );
  }
  const wish = { inputs, unpack, ...(page === undefined ? {} : { page }) };
  try {
    const found = packedPicture(bytes, { ...wish, name }) ?? await decoder.decode(bytes, name, wish);
    for (const one of found) room.take(bytesOf(one, bytes));
    return found;
  } catch (error) {
    if (!blamesInput(error)) throw error;
    throw new HttpProblem(error instanceof RangeError ? 413 : 400, error.message);
  }
}

/** Examples of one upload. @throws {HttpProblem} */
export async function examplesOf(opening: Opening, upload: Upload): Promise<Found[]> {
  return await open(opening, upload, opening.card.inputs, false);
}

/** Whether the parts of a form are the inputs of one model, each in a field of its name. */
export function areInputs({ inputs }: Pick<Card, "inputs">, uploads: readonly Upload[]): boolean {
  return inputs.length > 1 && uploads.some(({ field }) => inputs.some(({ name }) => name === field));
}

/** Examples of a form that has a file for each input. @throws {HttpProblem} */
export async function examplesOfParts(opening: Opening, uploads: readonly Upload[]): Promise<Found[]> {
  const values = new Map<string, RawArray[]>();
  for (const input of opening.card.inputs) {
    const parts = uploads.filter(({ field }) => field === input.name);
    if (parts.length !== 1) {
      throw new HttpProblem(
        400,
        `The form must have one file for input "${input.name}": it has ${parts.length}`,
      );
    }
    const found = await open(opening, parts[0], [input], true);
    values.set(input.name, found.map((one) => arrayOf(one, input.name)));
  }
  const stranger = uploads.find(({ field = "" }) => !values.has(field));
  if (stranger) throw new HttpProblem(400, `The model has no input "${stranger.field}"`);
  try {
    return joinInputs(values, uploads[0].name);
  } catch (error) {
    throw new HttpProblem(400, (error as Error).message);
  }
}

function arrayOf(found: Found, input: string): RawArray {
  if ("arrays" in found) return found.arrays[input];
  throw new HttpProblem(400, "fault" in found ? found.fault : `"${found.name}" was not unpacked`);
}

/** As {@linkcode examplesOf}, with what went wrong as an entry of its own. */
export async function examplesOrFault(opening: Opening, upload: Upload): Promise<Found[]> {
  try {
    return await examplesOf(opening, upload);
  } catch (error) {
    return [{ name: upload.name, fault: problemOf(error).message }];
  }
}
