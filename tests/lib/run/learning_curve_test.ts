import { learningCurveFigure, plotHistory } from "../../../lib/run/learning_curve.ts";
import type { EpochNumbers } from "../../../lib/train/history.ts";
import { assertEquals } from "../../assert.ts";

interface Layer {
  layer?: Layer[];
  data?: { values: Record<string, unknown>[] };
}

/** The numbers that a chart draws, each once, in order; accuracies are drawn in per cent. */
function drawn(epochs: readonly EpochNumbers[]): number[] {
  const data = (layers: readonly Layer[]): Record<string, unknown>[] =>
    layers.flatMap(({ data: own, layer = [] }) => [...own?.values ?? [], ...data(layer)]);
  const values = data([plotHistory(epochs) as Layer]).flatMap(({ value }) =>
    typeof value === "number" ? [value] : []
  );
  return [...new Set(values)].sort((a, b) => a - b);
}

Deno.test("plotHistory() draws loss and accuracy, or the loss alone, with validation where there was some", () => {
  const loss: EpochNumbers[] = [{ epoch: 1, loss: 3 }, { epoch: 2, loss: 2 }];
  const add = (epochs: EpochNumbers[], more: Record<string, number>) =>
    epochs.map((numbers, i) => ({
      ...numbers,
      ...Object.fromEntries(
        Object.entries(more).map(([name, value]) => [name, value + i * (value < 1 ? 0.05 : 1)]),
      ),
    }));
  assertEquals(drawn(loss), [2, 3]);
  assertEquals(drawn(add(loss, { validationLoss: 10 })), [2, 3, 10, 11]);
  const accurate = add(loss, { accuracy: 0.2 });
  assertEquals(drawn(accurate), [2, 3, 20, 25]);
  const all = add(accurate, { validationLoss: 10, validationAccuracy: 0.3 });
  assertEquals(drawn(all), [2, 3, 10, 11, 20, 25, 30, 35]);
  const { name, section, ...shown } = learningCurveFigure({ epochs: all });
  assertEquals<unknown>([name, section, shown], ["learning_curve", "Training", { spec: plotHistory(all) }]);
});
