import { withFolder } from "../../folder.ts";
import { checkAll, endOf, makeStudy, startWorker } from "./_storm.ts";

Deno.test("a study of four processes has every trial once", () =>
  withFolder(async (folder) => {
    await makeStudy(folder, 400);
    await Promise.all([0, 1, 2, 3].map(() => endOf(startWorker(folder))));
    checkAll(folder, 400);
  }));

Deno.test("a study whose processes die in the middle of writes, links and locks loses nothing", () =>
  withFolder(async (folder) => {
    let deaths = 0;
    for (let round = 1; deaths < 5; round++) { // with fewer, one more is wanted
      const study = `${folder}/${round}`;
      await makeStudy(study, 150);
      const keepGoing = async () => {
        while ((await endOf(startWorker(study, 0.004))).signal !== null) deaths++;
      };
      await Promise.all([keepGoing(), keepGoing()]);
      checkAll(study, 150);
    }
  }));
