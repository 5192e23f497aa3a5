/**
 * `deno task import`: makes a version in a store out of a Keras or ONNX model that was made elsewhere, so that `score`,
 * `serve` and the page take it.
 *
 * What the file does not say of itself is asked for, a line each; nothing is guessed.
 * @module
 */
import { startEngine } from "../lib/engine/mod.ts";
import { type CardDraft, importModel, type ImportOptions } from "../lib/run/import_model.ts";
import { CliError, createOutput, JSON_OPTION, readOptions, runTask } from "./_cli.ts";
import { DESTINATION, publishVersion } from "./_publish.ts";

const OPTIONS = {
  card: { type: "string", hint: "FILE.json", help: "Any fields of the model's card, as model.json has them" },
  name: { type: "string", help: "Name of the model; else the card's, else the file's" },
  labels: { type: "list", hint: "A,B,…", help: "Names of the classes, in the order of the output's columns" },
  units: { type: "string", help: "Units of the value that the model gives" },
  kind: {
    type: "string",
    help: "What the output is: classes, labels, probability, value, count, vector, mask, image",
  },
  values: {
    type: "string",
    hint: "LOW,HIGH",
    help: "What black and white of a picture are to the model: 0,1 or 0,255",
  },
  shape: {
    type: "string",
    hint: "N,N,…",
    help: "Shape of one example where the model takes any, channels last",
  },
  ...DESTINATION,
  json: JSON_OPTION,
} as const;

/** Runs the task; see `--help`. */
export function main(args: string[]): Promise<number> {
  return runTask(async () => {
    const { options, words } = readOptions(args, OPTIONS, {
      usage: "deno task import FILE.keras|FILE.onnx",
      summary: "Makes a version in a store out of a model that was made elsewhere: Keras 3 or ONNX.\n" +
        "It asks by lines for what the file does not say; a .onnx file needs no TensorFlow, a .keras file no Python.",
      examples: [
        "deno task import pets.keras --labels cat,dog --values 0,255",
        "deno task import energy.onnx --units GeV --name energy --alias champion",
        "deno task import two_heads.keras --card card.json --store s3://models",
      ],
      words: [1, 1],
    });
    const [path] = words, output = createOutput(options);
    const said: ImportOptions = {
      name: options.name,
      card: options.card === undefined ? undefined : await readDraft(options.card),
      ...(options.labels.length > 0 && { labels: options.labels }),
      units: options.units,
      kind: options.kind,
      ...(options.values !== undefined && { values: readPair(options.values) }),
      ...(options.shape !== undefined && { shape: readShape(options.shape) }),
    };
    const bytes = await readFile(path);
    await startEngine({ backend: "cpu" }); // only reads, and runs the check's two examples
    const made = await importModel(bytes, path, said);
    if ("questions" in made) {
      for (const line of [`Cannot import "${path}" before more is said of it:`, ...made.questions]) {
        console.error(line);
      }
      return 2;
    }
    const { card, files, notes } = made;
    for (const note of notes) output.say(note);
    const next = `; try deno task score ${card.name} FILE`;
    await publishVersion(files, card, options, output, "imported", next);
  });
}

async function readFile(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    const isFolder = await Deno.stat(path).then(({ isDirectory }) => isDirectory, () => false);
    if (!isFolder) throw new CliError(`Cannot import "${path}": ${(error as Error).message}`);
    throw new CliError(
      `Cannot import "${path}" as it is a folder; of TensorFlow's SavedModel, ` +
        `keras.models.load_model(…).save("model.keras") in Python makes a file that can be`,
    );
  }
}

async function readDraft(path: string): Promise<CardDraft> {
  const text = await Deno.readTextFile(path).catch((error) => {
    throw new CliError(`Cannot read the card "${path}": ${(error as Error).message}`);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CliError(`Cannot read the card "${path}" as it must be JSON: ${(error as Error).message}`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as CardDraft;
  throw new CliError(`Cannot read the card "${path}" as it must be a JSON object`);
}

function readPair(text: string): readonly [number, number] {
  const [low, high, ...more] = text.split(",").map(Number);
  if (more.length === 0 && low < high) return [low, high];
  throw new CliError(`Option --values needs two rising numbers, LOW,HIGH: got "${text}"`);
}

function readShape(text: string): number[] {
  const sides = text.split(",").map(Number);
  if (sides.every((side) => Number.isSafeInteger(side) && side > 0)) return sides;
  throw new CliError(`Option --shape needs whole numbers separated by commas: got "${text}"`);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
