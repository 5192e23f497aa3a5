/**
 * `deno task score`: what a model says of files, folders and patterns of files.
 * @module
 */
import { dirname, join } from "@std/path";
import { answersJson } from "../lib/card/answers.ts";
import { kindOf } from "../lib/card/outputs/registry.ts";
import { findModel } from "../lib/score/model_source.ts";
import { findPictures, kindOfFile } from "../lib/score/pictures.ts";
import { createScorer, type Result, type Scorer } from "../lib/score/scorer.ts";
import { regionOf } from "../lib/score/preprocess.ts";
import type { Image } from "../lib/io/image.ts";
import { decodePng, readPngHeader } from "../lib/io/png.ts";
import { s3OptionsFrom } from "../lib/store/s3.ts";
import { openStore } from "../lib/store/store.ts";
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
  csv: { type: "boolean", default: false, help: "Print comma-separated values, with a header" },
  json: JSON_OPTION,
} as const;

/** Most pictures of one file: the 70,000 of an MNIST file and more. */
const MAX_PICTURES = 1_000_000;

/** A path with `*`, `?` or `**` as an expression for whole paths. */
function patternOf(glob: string): RegExp {
  const source = glob.replaceAll(/\*\*\/|\*\*|\*|\?|[.+^${}()|[\]\\]/g, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    return part === "?" ? "[^/]" : `\\${part}`;
  });
  return new RegExp(`^${source}$`);
}

/** Every file below a folder, in order. */
async function* walk(folder: string): AsyncGenerator<string> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  for (const { name, isDirectory, isFile } of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    if (name.startsWith(".")) continue;
    if (isDirectory) yield* walk(join(folder, name));
    else if (isFile) yield join(folder, name);
  }
}

/** The files that words on the command line mean; of a folder only those that look like pictures. */
async function* expand(words: readonly string[]): AsyncGenerator<{ path: string; chosen: boolean }> {
  for (const word of words) {
    const info = await Deno.stat(word).catch(() => undefined);
    if (info?.isFile) yield { path: word, chosen: true };
    else if (info?.isDirectory) { for await (const path of walk(word)) yield { path, chosen: false }; }
    else if (/[*?]/.test(word)) {
      const pattern = patternOf(word.replace(/^\.\//, ""));
      let base = word;
      while (/[*?]/.test(base)) base = dirname(base);
      let found = 0;
      for await (const path of walk(base)) {
        if (!pattern.test(path.replaceAll("\\", "/"))) continue;
        found++;
        yield { path, chosen: true };
      }
      if (found === 0) throw new CliError(`No file fits "${word}"`);
    } else throw new CliError(`There is no file or folder "${word}"`);
  }
}

/** A line of CSV as RFC 4180 has it. */
function csvLine(cells: readonly (string | number)[]): string {
  return cells.map((cell) => /[",\r\n]/.test(`${cell}`) ? `"${`${cell}`.replaceAll('"', '""')}"` : cell).join(
    ",",
  );
}

/** Prints what is known as soon as a batch is full, so that a million pictures need no more memory than a batch. */
class Scores {
  #names: string[] = [];
  #images: Image[] = [];
  #rows: Record<string, unknown>[] = [];
  #headed = false;
  scored = 0;

  constructor(
    readonly scorer: Scorer,
    readonly options: { batch: number; csv: boolean },
    readonly output: Output,
  ) {}

  async add(name: string, image: Image): Promise<void> {
    this.scorer.prepare(image); // an image that does not fit is refused alone, before it is in a batch with others
    this.#names.push(name);
    this.#images.push(image);
    if (this.#images.length >= this.options.batch) await this.flush();
  }

  async flush(): Promise<void> {
    const names = this.#names.splice(0), images = this.#images.splice(0);
    const results = await this.scorer.score(images);
    results.forEach((result, i) => this.#keep(names[i], result));
    this.scored += results.length;
  }

  #keep(name: string, { model, version, answers }: Result): void {
    if (this.output.json) {
      return this.output.record("score", { file: name, model, version, answers: answersJson(answers) }, "");
    }
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

  finish(): void {
    if (this.#rows.length > 0) this.output.table("score", this.#rows);
  }
}

/** Runs the task; see `--help`. */
export function main(args: string[]): Promise<number> {
  return runTask(async () => {
    const { options, words } = readOptions(args, OPTIONS, {
      usage: "deno task score MODEL FILE…",
      summary:
        "Says what a model makes of pictures: PNG, JPEG, TIFF, .npy, .npz, FITS, idx, gzip of these, zip of many.\n" +
        "MODEL is a run folder, a .onnx file with its card beside it, or NAME, NAME/VERSION or NAME/ALIAS in the store.",
      examples: [
        "deno task score runs/mnist/latest digits/*.png",
        "deno task score mnist t10k-images-idx3-ubyte.gz --json > scores.jsonl",
        "deno task score cygno/champion frames/ --store s3://models --csv > recoils.csv",
      ],
      words: [2, Infinity],
    });
    const [reference, ...files] = words;
    if (options.csv && options.json) throw new CliError("--csv and --json exclude each other");
    const output = createOutput(options);
    const s3 = options.store.startsWith("s3:")
      ? s3OptionsFrom(Deno.env.toObject(), options.s3Endpoint)
      : undefined;
    const source = await findModel(reference, () => openStore(options.store, { s3 }));
    const { threads, runtime } = options;
    const scorer = await createScorer({ ...source, threads, runtime });
    const scores = new Scores(scorer, options, output);
    let failed = 0;
    try {
      for await (const { path, chosen } of expand(files)) {
        const bytes = await Deno.readFile(path);
        if (!chosen && kindOfFile(bytes) === undefined) continue;
        try {
          for (
            const found of await findPictures(bytes, {
              name: path,
              maxPictures: MAX_PICTURES,
              maxBytes: 2 ** 31,
            })
          ) {
            if ("fault" in found) throw new SyntaxError(found.fault);
            if ("image" in found) await scores.add(found.name, found.image);
            else {
              const { height, width } = readPngHeader(found.png, { name: found.name });
              const region = regionOf(source.card.preprocessing, height, width);
              await scores.add(found.name, decodePng(found.png, { ...region, name: found.name }));
            }
          }
        } catch (error) {
          failed++;
          console.error(`${path}: ${(error as Error).message}`);
        }
      }
      await scores.flush();
      scores.finish();
    } finally {
      await scorer.close();
    }
    if (scores.scored + failed === 0) throw new CliError(`No pictures in ${files.join(", ")}`);
    return failed > 0 ? 1 : 0;
  });
}

if (import.meta.main) Deno.exit(await main(Deno.args));
