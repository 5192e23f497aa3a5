/**
 * A model from wherever a user has it: a run folder, a .onnx file with its card, or a store. @module
 */
import { dirname, join } from "@std/path";
import { type Card, parseCard } from "../card/card.ts";
import { IntegrityError } from "../store/integrity_error.ts";
import type { Store } from "../store/store.ts";
import { sha256 } from "../base/sha256.ts";
import type { ModelSource } from "./compute.ts";

async function isFolder(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info.isDirectory, () => false);
}

async function readCard(path: string): Promise<Card> {
  try {
    return parseCard(await Deno.readTextFile(path), path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(`Cannot find the model card "${path}"`);
  }
}

/** Reads a model beside its card, comparing its checksum with the one on the card, where there is one. */
async function readBeside(cardPath: string, onnxPath: string): Promise<ModelSource> {
  const card = await readCard(cardPath);
  let onnx: Uint8Array;
  try {
    onnx = await Deno.readFile(onnxPath);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(`Cannot find the model "${onnxPath}"`);
  }
  const wanted = card.files["model.onnx"]?.sha256;
  if (wanted !== undefined && await sha256(onnx) !== wanted) {
    throw new IntegrityError(
      `Cannot use "${onnxPath}" as it is not the file on its card: its SHA-256 differs`,
    );
  }
  return { card, onnx };
}

/**
 * Finds a model by what a user writes.
 *
 * @param reference A run folder, a path to a .onnx file (its card beside it, as `model.json` or under its own name with
 *   .json), or a model in the store as `NAME`, `NAME/VERSION` or `NAME/ALIAS`.
 * @param store Where names are looked up.
 * @throws {Deno.errors.NotFound} If a file is missing.
 * @throws {IntegrityError} If the model is not the one that its card describes.
 * @throws {TypeError | SyntaxError} If the card cannot be read.
 */
export async function findModel(
  reference: string,
  store: () => Store | Promise<Store>,
): Promise<ModelSource> {
  if (await isFolder(reference)) {
    return await readBeside(join(reference, "model.json"), join(reference, "model.onnx"));
  }
  if (reference.endsWith(".onnx")) {
    const named = reference.replace(/\.onnx$/, ".json");
    const own = await Deno.stat(named).then(() => true, () => false);
    return await readBeside(own ? named : join(dirname(reference), "model.json"), reference);
  }
  const [name, version = "latest", ...rest] = reference.split("/");
  if (rest.length > 0) {
    throw new Deno.errors.NotFound(
      `Cannot find model "${reference}": it is no folder, no .onnx file and no NAME/VERSION of a store`,
    );
  }
  const { card, files } = await (await store()).fetch(name, version, { files: ["model.onnx"] });
  return { card, onnx: files.get("model.onnx") as Uint8Array };
}
