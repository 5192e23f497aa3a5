/** Which model scores an object, in which pieces, and whose fault it is when it does not. */
import type { Card } from "../../../lib/card/card.ts";
import { OverloadError } from "../../../lib/score/batcher.ts";
import type { Found } from "../../../lib/score/examples.ts";
import { createObjectScorer, type EventScorer, ObjectFault } from "../../../lib/serve/object_scorer.ts";
import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { tinyCard } from "../../tiny_model.ts";
import { flatPng } from "./_service.ts";

type Result = Awaited<ReturnType<EventScorer["batcher"]["submit"]>>["result"];

/** A scorer whose parts say what the test wants, and note what they are asked. */
function parts(options: {
  names?: string[];
  found?: Found[] | Error;
  result?: (index: number) => Result;
  card?: Partial<Card>;
} = {}) {
  const { names = ["tiny"], found = [], card = {} } = options;
  const asked: string[] = [];
  let waiting = 0, most = 0, released = 0, submitted = 0;
  const deadlines: number[] = [];
  const scorer = {
    models: {
      status: () => names.map((name) => ({ name })),
      acquire(name: string, version?: string) {
        asked.push(`${name}/${version ?? ""}`);
        return Promise.resolve({
          key: "key",
          card: { ...tinyCard(), version: "7", ...card },
          release: () => void released++,
        });
      },
    },
    batcher: {
      async submit(_key: string, item: unknown, { deadline }: { deadline: number }) {
        deadlines.push(deadline - performance.now());
        most = Math.max(most, ++waiting);
        asked.push(Object.keys(item as object)[0]);
        const index = submitted++;
        await Promise.resolve();
        waiting--;
        return { result: options.result?.(index) ?? { answers: {}, warnings: [] } };
      },
    },
    decoder: {
      decode: () => found instanceof Error ? Promise.reject(found) : Promise.resolve(found),
    },
  } as unknown as EventScorer;
  return { scorer, asked, deadlines, most: () => most, released: () => released };
}

const png = flatPng(10), npy = new TextEncoder().encode("\x93NUMPY");
const examples = (count: number): Found[] =>
  Array.from({ length: count }, (_, i) => ({ name: `p${i}`, arrays: {} }) as unknown as Found);

Deno.test("createObjectScorer() asks the model that is named, with its version, or the only one", async () => {
  const score = async (model: string | undefined, names?: string[]) => {
    const { scorer, asked } = parts({ names });
    await createObjectScorer(scorer, model)("in/a.png", png);
    return asked[0];
  };
  assertEquals([await score(undefined), await score("m"), await score("m/champion")], [
    "tiny/",
    "m/",
    "m/champion",
  ]);
  for (const [names, words] of [[["a", "b"], "there are a, b"], [[], "there are none yet"]] as const) {
    const { message } = await assertRejects(() => score(undefined, [...names]));
    assertEquals(message, `Which model scores events must be said: ${words}`);
  }
});

Deno.test("createObjectScorer() scores a PNG as it is, and every picture of another file, eight at once", async () => {
  const one = parts();
  assertEquals(await createObjectScorer(one.scorer)("in/deep/a.png", png), {
    model: "tiny",
    version: "7",
    pictures: [{ name: "a.png", answers: {} }],
  });
  assertEquals([one.asked, one.released()], [["tiny/", "png"], 1]);
  const many = parts({ found: examples(20) });
  const { pictures } = await createObjectScorer(many.scorer)("in/a.npy", npy);
  assertEquals(
    (pictures as { name: string }[]).map(({ name }) => name),
    examples(20).map(({ name }) => name),
  );
  assertEquals([many.most(), many.asked.filter((what) => what === "arrays").length], [8, 20]);
  assert(many.deadlines.every((ms) => ms > 30_000 && ms <= 60_000), String(many.deadlines[0]));
});

Deno.test("createObjectScorer() says warnings where there are some, and leaves them out else", async () => {
  const { scorer } = parts({
    found: examples(2),
    result: (index) => ({ answers: {}, warnings: index === 0 ? ["it is dark"] : [] }) as unknown as Result,
  });
  const { pictures } = await createObjectScorer(scorer)("a.npy", npy);
  assertEquals(pictures, [{ name: "p0", answers: {}, warnings: ["it is dark"] }, {
    name: "p1",
    answers: {},
  }]);
});

Deno.test("createObjectScorer() tells the object's faults from the server's, and lets the model go", async () => {
  const fault = (who: string) => () => ({ fault: { who, message: "NaN at row 2" } }) as unknown as Result;
  const damaged = {
    name: "a.zip/a.png",
    get png(): Uint8Array {
      throw new SyntaxError("the CRC-32 differs");
    },
  };
  const cases: [Parameters<typeof parts>[0], new (...args: never[]) => Error, string][] = [
    [{ found: new Error("no picture") }, ObjectFault, "no picture"],
    [{ found: [] }, ObjectFault, '"a.npy" holds nothing to score'],
    [{ found: [{ name: "x", fault: "cut off" }] }, ObjectFault, "cut off"],
    [{ found: [damaged] }, ObjectFault, "the CRC-32 differs"],
    [{ found: examples(1), result: fault("content") }, ObjectFault, "NaN at row 2"],
    [{ found: examples(1), result: fault("client") }, ObjectFault, "NaN at row 2"],
    [{ found: examples(1), result: () => ({ tensors: [] }) as unknown as Result }, Error, "Tensors came"],
  ];
  for (const [options, kind, words] of cases) {
    const { scorer, released } = parts(options);
    await assertRejects(() => createObjectScorer(scorer)("in/a.npy", npy), kind as ErrorConstructor, words);
    assertEquals(released(), 1, words);
  }
  for (
    const options of [{ found: new OverloadError("full", 5) }, {
      found: examples(1),
      result: fault("server"),
    }]
  ) {
    const error = await assertRejects(() => createObjectScorer(parts(options).scorer)("in/a.npy", npy));
    assert(!(error instanceof ObjectFault), "waited out, not counted against the object");
  }
});

Deno.test("createObjectScorer() opens a PNG like any file where the model takes something else", async () => {
  const input = { name: "x", shape: [3], dtype: "float32", units: "mm" } as Card["inputs"][number];
  const { scorer, asked } = parts({ found: examples(1), card: { inputs: [input] } });
  await createObjectScorer(scorer)("in/a.png", png);
  assertEquals(asked, ["tiny/", "arrays"]);
});
