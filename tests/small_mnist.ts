/** A small MNIST as idx files: the first images of both parts. @module */
import { join } from "@std/path";
import { readMnist } from "../lib/data/mnist.ts";
import { encodeIdx } from "../lib/io/idx.ts";
import { taskArguments } from "./task_command.ts";

/** Writes so many images of each part into a folder, which is made; gives the folder. */
export async function smallMnist(folder: string, trained: number, tested: number): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  const { train, test } = readMnist();
  for (
    const [name, { images, labels }, count] of [["train", train, trained], ["t10k", test, tested]] as const
  ) {
    const data = images.slice(0, count * 784);
    await Deno.writeFile(
      join(folder, `${name}-images-idx3-ubyte`),
      encodeIdx({ data, shape: [count, 28, 28] }),
    );
    const some = { data: labels.slice(0, count), shape: [count] };
    await Deno.writeFile(join(folder, `${name}-labels-idx1-ubyte`), encodeIdx(some));
  }
  return folder;
}

/** What Deno is told to train on 120 images of it, which are put into a folder: three steps an epoch. */
export async function smallTraining(folder: string, epochs: number): Promise<string[]> {
  const data = await smallMnist(join(folder, "data"), 120, 20);
  const sizes = ["--epochs", String(epochs), "--batch", "40", "--validation", "20"];
  const model = ["--model", "tutorial_cnn", "--recipe", "tutorial"];
  return [...taskArguments("train"), "mnist", "--data", data, ...sizes, ...model];
}
