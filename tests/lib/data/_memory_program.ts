/** Reads the middle (half a side: the second argument) of a whole set's images by lazy chunks and prints how many images it saw and the largest memory it took, in MiB. */
import { openCygno } from "../../../lib/data/cygno.ts";
import { zipChunks } from "../../../lib/data/lazy_images.ts";

const { images, labels, energies } = await openCygno(Deno.args[0], { workers: 2 });
const batches = zipChunks(images.window(60, 130).cropCenter(Number(Deno.args[1])).rechunk(10), [
  labels.rechunk(10),
  energies.rechunk(10),
]);
let seen = 0, peak = 0;
for await (const [x, y] of batches) {
  seen += Math.min(x.shape[0], y.length);
  if (seen % 100 === 0) peak = Math.max(peak, Deno.memoryUsage().rss);
}
images.close();
console.log(
  JSON.stringify({ seen, mebibytes: Math.round(Math.max(peak, Deno.memoryUsage().rss) / 2 ** 20) }),
);
