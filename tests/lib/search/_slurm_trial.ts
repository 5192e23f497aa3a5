/** A trial of the test of Slurm: forty steps of 30 ms that go on from a checkpoint, then the number that it was given. */
const [x, folder] = Deno.args;
const checkpoint = `${folder}/step`;
let step = Number(await Deno.readTextFile(checkpoint).catch(() => "0"));
let stop = false;
Deno.addSignalListener("SIGTERM", () => stop = true);
while (step < 40 && !stop) {
  await new Promise((resolve) => setTimeout(resolve, 30));
  step++;
  if (step % 10 !== 0) continue;
  await Deno.writeTextFile(`${checkpoint}.part`, String(step));
  await Deno.rename(`${checkpoint}.part`, checkpoint);
  console.log(JSON.stringify({ step, values: { loss: Number(x) / step } }));
}
if (stop) Deno.exit(0);
console.log(JSON.stringify({ values: { loss: (Number(x) - 0.3) ** 2 } }));
Deno.exit(0);
