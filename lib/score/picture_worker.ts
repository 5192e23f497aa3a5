/** Opens files of strangers in a thread that may be killed: it has its own heap and holds nothing that matters. @module */
import { blamesInput } from "../base/foreseen.ts";
import { answerTasks } from "../base/worker_task.ts";
import { type ExampleOptions, findExamples, type Found } from "./examples.ts";
import { Handover } from "./handover.ts";

/** A file, handed over: shared memory would not count as held by anybody, and be freed late. */
export interface PictureRequest {
  bytes: Uint8Array;
  options: ExampleOptions;
}

/** An error as one of the classes that tell what is wrong with a file. */
function ofFile(error: unknown): Error {
  return blamesInput(error) ? error : new SyntaxError(error instanceof Error ? error.message : String(error));
}

answerTasks<PictureRequest, Found[]>(async ({ bytes, options }) => {
  const found = await findExamples(bytes, options).catch((error) => Promise.reject(ofFile(error)));
  const handover = new Handover();
  const result = found.map((one) => "fault" in one ? one : handover.pack(one));
  return { result, transfer: handover.buffers };
});
