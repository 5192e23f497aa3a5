/**
 * jsroot tells of what it cannot read on the console, and goes on with wrong values: here its words are kept from the user's
 * screen and given to whoever asked. Everything else that is written there meanwhile goes on as it was. @module
 */

/** How jsroot's complaints begin; none of them comes of a file that it reads right. */
const COMPLAINT =
  /^(Missmatch in|Not found streamer|Did not found|[Ff]ail(ed)? (to|extract)|Error (R__unzip|when reading)|R__unzip|No fEntryOffset|Cannot get member-wise|vector streaming|Contained type|Reuse basic type|Failure )/;

type Writer = (...words: unknown[]) => void;

let turn: Promise<unknown> = Promise.resolve();

/** Does something with jsroot, one at a time, and gives its complaints along with the result. */
export function hearJsroot<T>(work: () => Promise<T>): Promise<{ value: T; complaints: string[] }> {
  const mine = turn.then(async () => {
    const { console } = globalThis, screen = console as unknown as Record<string, Writer>;
    const complaints: string[] = [], before = new Map<string, Writer>();
    for (const name of ["log", "warn", "error"]) {
      const write = screen[name];
      before.set(name, write);
      screen[name] = (...words) => {
        const text = words.map(String).join(" ");
        if (COMPLAINT.test(text)) complaints.push(text);
        else write.apply(console, words);
      };
    }
    try {
      return { value: await work(), complaints };
    } finally {
      for (const [name, write] of before) screen[name] = write;
    }
  });
  turn = mine.catch(() => {});
  return mine;
}
