/**
 * `deno task score`: what a model says of files, folders and patterns of files.
 * @module
 */
import { join, relative } from "@std/path";
import { type Answers, answersJson } from "../lib/card/answers.ts";
import { kindOf } from "../lib/card/outputs/registry.ts";
import { findModel } from "../lib/score/model_source.ts";
import type { ExampleOptions, Found } from "../lib/score/examples.ts";
import { joinInputs } from "../lib/score/found.ts";
import { packedPicture } from "../lib/score/packed_picture.ts";
import { createScorer, type Result, type Scorer } from "../lib/score/scorer.ts";
import { regionFor } from "../lib/score/prepare.ts";
import { type Example, fromImage, type RawArray } from "../lib/score/raw_array.ts";
import { parseRange, type ValueRange } from "../lib/score/value_range.ts";
import type { Card } from "../lib/card/card.ts";
import { filesMatching, fixedPart, isPattern, walkFiles } from "../lib/data/transport/glob.ts";
import { decodePng, encodePng, readPngHeader } from "../lib/io/png.ts";
import { isOfKnownFormat } from "../lib/io/signatures.ts";
import { CliError, createOutput, JSON_OPTION, type Output, readOptions, runTask } from "./_cli.ts";

const OPTIONS = {
  store: {
    type: "string",
    default: "file:store",
    hint: "PLACE",
    help: "Where a model given by name is looked up",
  },
  batch: { type: "integer", default: 64, min: 1, help: "Pictures scored at once" },
  threads: {
    type: "integer",
    default: navigator.hardwareConcurrency,
    min: 1,
    help: "Threads of ONNX Runtime",
  },
  runtime: {
    type: "choice",
    choices: ["native", "wasm"],
    default: "native",
    help: "Which ONNX Runtime computes",
  },
  s3Endpoint: { type: "string", hint: "URL", help: "S3 server, if not AWS; else AWS_ENDPOINT_URL_S3 counts" },
  range: {
    type: "string",
    hint: "BLACK,WHITE",
    help: "Values of black and white in the files, if they do not say it themselves: 0,1 or 0,4095",
  },
  page: { type: "integer", min: 0, help: "Only this example of each file, counted from 0" },
  input: {
    type: "list",
    hint: "NAME=FILE,…",
    help: "A file for each input, for a model of several",
  },
  out: {
    type: "string",
    hint: "FOLDER",
    help: "Write masks, images and vectors there as .npy, and as .png to look at",
  },
  top: {
    type: "integer",
    min: 1,
    help: "Rank all examples of one file, a .npy of any size, and print so many of the highest",
  },
  label: { type: "string", hint: "LABEL", help: "With --top: which label is looked for, of several classes" },
  sheet: { type: "string", hint: "FILE", help: "With --top: draw the highest there, a .png or .svg" },
  labelNext: {
    type: "integer",
    min: 1,
    help: "With --top: print as well so many examples whose labels would tell most",
  },
  csv: { type: "boolean", default: false, help: "Print comma-separated values, with a header" },
  json: JSON_OPTION,
} as const;

/**
 * The end of the names of what plain scoring does not wait for: of an import whose name is written out, Deno reads all that it could
 * need before anything runs.
 */
const TS = ".ts";

/** What finds the examples in files of every format. */
const everyFormat = () =>
  import(`../lib/score/examples${TS}`) as Promise<typeof import("../lib/score/examples.ts")>;

/** Bytes of a file that is read whole. */
const MOST_HELD = 2 ** 30;

/** Most examples of one file: the 70,000 of an MNIST file and more. */
const MAX_EXAMPLES = 1_000_000;

/** The files that words on the command line mean; of a folder only those that look like pictures. */
async function* expand(words: readonly string[]): AsyncGenerator<{ path: string; chosen: boolean }> {
  for (const word of words) {
    const info = await Deno.stat(word).catch(() => undefined);
    if (info?.isFile) yield { path: word, chosen: true };
    else if (info?.isDirectory) {
      for await (const path of walkFiles(word)) if (!isHidden(word, path)) yield { path, chosen: false };
    } else if (isPattern(word)) {
      const base = fixedPart(word);
      let found = 0;
      for await (const path of filesMatching(word)) {
        if (isHidden(base, path)) continue;
        found++;
        yield { path, chosen: true };
      }
      if (found === 0) throw new CliError(`No file fits "${word}"`);
    } else throw new CliError(`There is no file or folder "${word}"`);
  }
}

/** Whether a file below a folder, or a folder on the way to it, has a name that starts with a dot. */
function isHidden(folder: string, path: string): boolean {
  return relative(folder, path).split(/[/\\]/).some((part: string) => /^\.[^.]/.test(part));
}

/** A line of CSV as RFC 4180 has it. */
function csvLine(cells: readonly (string | number)[]): string {
  return cells.map((cell) => /[",\r\n]/.test(`${cell}`) ? `"${`${cell}`.replaceAll('"', '""')}"` : cell).join(
    ",",
  );
}

/** A file's name without folders and endings, safe as a part of another file's name. */
function stemOf(name: string): string {
  return name.replace(/^.*\//, "").replaceAll(/[^\w.-]+/g, "_").replace(/_+$/, "");
}

/** Writes the answers that are arrays or pictures into a folder; a picture for eyes beside each array. */
async function writeArrays(folder: string, name: string, answers: Answers): Promise<void> {
  for (const [output, answer] of Object.entries(answers)) {
    const kind = kindOf(answer), path = join(folder, `${stemOf(name)}.${output}`);
    const array = kind.array?.(answer), picture = kind.display(answer).picture;
    if (array) await Deno.writeFile(`${path}.npy`, (await import("../lib/io/npy.ts")).encodeNpy(array));
    if (picture) await Deno.writeFile(`${path}.png`, encodePng(picture));
  }
}

interface ScoresOptions {
  batch: number;
  csv: boolean;
  range?: ValueRange;
  out?: string;
}

/** Prints what is known as soon as a batch is full, so that a million pictures need no more memory than a batch. */
class Scores {
  #names: string[] = [];
  #examples: Example[] = [];
  #rows: Record<string, unknown>[] = [];
  #headed = false;
  #warned = new Set<string>();
  scored = 0;
  failed = 0;

  constructor(
    readonly scorer: Scorer,
    readonly options: ScoresOptions,
    readonly output: Output,
  ) {}

  async add(name: string, example: Example): Promise<void> {
    this.#names.push(name);
    this.#examples.push(example);
    if (this.#examples.length >= this.options.batch) await this.flush();
  }

  /** One that cannot be scored must not cost the others of its batch their answers. */
  async flush(): Promise<void> {
    const names = this.#names.splice(0), examples = this.#examples.splice(0);
    try {
      await this.#score(names, examples);
    } catch {
      for (const [i, name] of names.entries()) {
        await this.#score([name], [examples[i]]).catch((error) => this.fail(name, error));
      }
    }
  }

  fail(name: string, error: unknown): void {
    this.failed++;
    console.error(`${name}: ${(error as Error).message}`);
  }

  async #score(names: string[], examples: Example[]): Promise<void> {
    const { range, out } = this.options;
    const results = await this.scorer.score(examples, range ? { range } : {});
    for (const [i, result] of results.entries()) {
      this.#keep(names[i], result);
      if (out !== undefined) await writeArrays(out, names[i], result.answers);
    }
    this.scored += results.length;
  }

  #keep(name: string, { model, version, answers, warnings }: Result): void {
    if (this.output.json) {
      const said = warnings.length > 0 ? { warnings } : {};
      return this.output.record("score", {
        file: name,
        model,
        version,
        answers: answersJson(answers),
        ...said,
      }, "");
    }
    for (const warning of warnings) this.#warn(name, warning);
    if (this.options.csv) {
      const columns = Object.entries(answers).map(([key, answer]) => kindOf(answer).columns(key, answer));
      const row = Object.assign({ file: name }, ...columns, { model, version });
      if (!this.#headed) this.output.say(csvLine(Object.keys(row)));
      this.#headed = true;
      return this.output.say(csvLine(Object.values(row)));
    }
    this.#rows.push({
      file: name,
      ...Object.fromEntries(
        Object.entries(answers).map(([key, answer]) => [key, kindOf(answer).display(answer).text]),
      ),
      model: `${model}/${version}`,
    });
  }

  /** The first file of each warning. */
  #warn(name: string, warning: string): void {
    if (this.#warned.has(warning)) return;
    this.#warned.add(warning);
    console.error(`${name}: warning: ${warning}`);
  }

  finish(): void {
    if (this.#rows.length > 0) this.output.table("score", this.#rows);
  }
}

/** The values of a found example; of a PNG only what the model looks at. @throws What is wrong with the file. */
function valuesOf(card: Card, found: Found): Example {
  if ("fault" in found) throw new SyntaxError(found.fault);
  if ("arrays" in found) return found.arrays;
  const { name, png } = found, { height, width } = readPngHeader(png, { name });
  const image = decodePng(png, { ...regionFor(card, height, width), name });
  return { [card.inputs[0].name]: fromImage(image) };
}

/** Adds an example; one of an archive that cannot be read costs only itself. */
async function addOne(scores: Scores, card: Card, found: Found): Promise<void> {
  let values: Example;
  try {
    values = valuesOf(card, found);
  } catch (error) {
    return scores.fail(found.name, error);
  }
  await scores.add(found.name, values);
}

/** Examples of a model of several inputs, one file each. */
async function examplesOfInputs(
  card: Card,
  words: readonly string[],
  options: ExampleOptions,
): Promise<Found[]> {
  const files = new Map(words.map((word): [string, string] => {
    const at = word.indexOf("=");
    if (at < 1) throw new CliError(`"${word}" is not NAME=FILE`);
    return [word.slice(0, at), word.slice(at + 1)];
  }));
  const names = card.inputs.map(({ name }) => name);
  const missing = names.find((name) => !files.has(name));
  const stranger = [...files.keys()].find((name) => !names.includes(name));
  if (missing !== undefined || stranger !== undefined) {
    throw new CliError(
      `The model "${card.name}" takes ${names.join(", ")}: --input gives ${[...files.keys()].join(", ")}`,
    );
  }
  const { findExamples } = await everyFormat(), values = new Map<string, RawArray[]>();
  for (const input of card.inputs) {
    const path = files.get(input.name)!;
    const found = await findExamples(await Deno.readFile(path), {
      ...options,
      inputs: [input],
      name: path,
      unpack: true,
    });
    values.set(input.name, found.map((one) => valuesOf(card, one)[input.name]));
  }
  return joinInputs(values, files.get(names[0])!);
}

/** Scores what `--input` names, a file an input. */
async function scoreInputs(
  scores: Scores,
  card: Card,
  inputs: readonly string[],
  opening: ExampleOptions,
): Promise<void> {
  if (inputs.length === 0) return;
  for (const found of await examplesOfInputs(card, inputs, opening)) {
    await scores.add(found.name, valuesOf(card, found));
  }
}

/**
 * The examples of a file that is too large to be held. A .npy or HDF5 file is read in slabs.
 *
 * @throws What is wrong with the file.
 */
async function* examplesOfLarge(card: Card, path: string, range?: ValueRange): AsyncGenerator<Found> {
  const { openFile } = await import(`../lib/io/formats${TS}`) as typeof import("../lib/io/formats.ts");
  const { examplesInSlabs } = await import(
    `../lib/score/slabs${TS}`
  ) as typeof import("../lib/score/slabs.ts");
  const file = await openFile(path);
  try {
    const { arrays } = file;
    for (const array of arrays.length > 1 ? arrays.filter(({ shape }) => shape.length > 2) : arrays) {
      const name = arrays.length > 1 ? `${path}[${array.name}]` : path;
      yield* examplesInSlabs(card, array, { what: "score", range, name });
    }
  } finally {
    file.close();
  }
}

/** Scores files; one that cannot be read is said so, and the others go on. */
async function scoreFiles(
  scores: Scores,
  card: Card,
  files: readonly string[],
  opening: ExampleOptions,
): Promise<void> {
  for await (const { path, chosen } of expand(files)) {
    const options = { ...opening, name: path };
    try {
      const { size } = await Deno.stat(path);
      if (size > MOST_HELD && opening.page === undefined) {
        for await (const found of examplesOfLarge(card, path, scores.options.range)) {
          await addOne(scores, card, found);
        }
        continue;
      }
      const bytes = await Deno.readFile(path);
      const packed = packedPicture(bytes, options);
      if (!packed && !chosen && !isOfKnownFormat(bytes)) continue;
      for (const found of packed ?? await (await everyFormat()).findExamples(bytes, options)) {
        await addOne(scores, card, found);
      }
    } catch (error) {
      scores.fail(path, error);
    }
  }
}

/** Runs the task; see `--help`. */
export function main(args: string[]): Promise<number> {
  return runTask(async () => {
    const command = readCommand(args);
    const { reference, files, options } = command, output = createOutput(options);
    const source = await findModel(reference, async () => {
      const { openPlace } = await import(`./_stores${TS}`) as typeof import("./_stores.ts");
      return openPlace(options.store, options.s3Endpoint);
    });
    const { threads, runtime, top, label, sheet, labelNext } = options;
    const range = options.range === undefined ? undefined : parseRange(options.range);
    const scorer = await createScorer({ ...source, threads, runtime });
    try {
      if (top === undefined) return await scoreAll(scorer, command, range, output);
      const { rankFile } = await import(`./_rank${TS}`) as typeof import("./_rank.ts");
      return await rankFile(scorer, files, { top, label, range, sheet, labelNext }, output);
    } finally {
      await scorer.close();
    }
  });
}

/** What the command line asks for. @throws {CliError} */
function readCommand(args: string[]) {
  const { options, words } = readOptions(args, OPTIONS, {
    usage: "deno task score MODEL FILE…",
    summary:
      "Says what a model makes of files: PNG, JPEG, TIFF, .npy, .npz, FITS, HDF5, idx, gzip of these, zip of many.\n" +
      "MODEL is a run folder, a .onnx file with its card beside it, or NAME, NAME/VERSION or NAME/ALIAS in the store.",
    examples: [
      "deno task score runs/mnist/latest digits/*.png",
      "deno task score mnist t10k-images-idx3-ubyte.gz --json > scores.jsonl",
      "deno task score cygno/champion frames/ --store s3://models --csv > recoils.csv",
      "deno task score mnist seven.npy --range 0,1",
      "deno task score runs/lens/latest --input image=bands.fits,redshift=z.npy",
      "deno task score runs/tracks/latest events.h5 --out masks/",
      "deno task score runs/lenses/latest survey.npy --top 100 --sheet best.png --label-next 20",
    ],
    words: [1, Infinity],
  });
  const [reference, ...files] = words, { top, label, sheet, labelNext } = options;
  if (files.length === 0 && options.input.length === 0) {
    throw new CliError("Too few arguments: usage is deno task score MODEL FILE…");
  }
  if (options.csv && options.json) throw new CliError("--csv and --json exclude each other");
  if (top === undefined && [label, sheet, labelNext].some((value) => value !== undefined)) {
    throw new CliError("--sheet, --label and --label-next go with --top");
  }
  return { reference, files, options };
}

/** Scores every example; gives the task's exit code. */
async function scoreAll(
  scorer: Scorer,
  { files, options }: ReturnType<typeof readCommand>,
  range: ValueRange | undefined,
  output: Output,
): Promise<number> {
  const { card } = scorer;
  if (options.out !== undefined) await Deno.mkdir(options.out, { recursive: true });
  const scores = new Scores(scorer, { ...options, range }, output);
  const opening: ExampleOptions = {
    inputs: card.inputs,
    maxExamples: MAX_EXAMPLES,
    maxBytes: 2 ** 31,
    page: options.page,
  };
  await scoreInputs(scores, card, options.input, opening);
  await scoreFiles(scores, card, files, opening);
  await scores.flush();
  scores.finish();
  if (scores.scored + scores.failed === 0) throw new CliError(`Nothing to score in ${files.join(", ")}`);
  return scores.failed > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
