/** An experiment's contract, its runs and their folders. @module */
export * from "./adopt_model.ts";
export * from "./compare.ts";
export * from "./contact_sheet.ts";
export * from "./experiment.ts";
export * from "./fine_tune.ts";
export * from "./import_model.ts";
export * from "./keras_recipe.ts";
export * from "./learning_curve.ts";
export * from "./options_for.ts";
export * from "./run.ts";
export * from "./run_folder.ts";
export * from "./tensorboard.ts";
