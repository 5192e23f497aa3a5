/**
 * Studies in an SQLite database of Optuna, `sqlite:///study.db`: read, never written.
 *
 * Source: optuna/storages/_rdb/models.py of 5.0, schema 12: tables `studies`, `trials`, `trial_params`, `trial_values`.
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { nearest } from "../../base/nearest.ts";
import type { ParamValue, Space } from "../space.ts";
import type { Trial } from "../trial.ts";
import { imported } from "./csv.ts";
import { fittingParams, outerValue } from "./optuna.ts";

/** Options for {@linkcode readOptunaDatabase}. */
export interface OptunaDatabaseOptions {
  /** The study's name. @default {the only one} */
  study?: string;
}

/**
 * Reads the complete trials of an Optuna study as trials of a space; values that are no finite numbers are left out.
 *
 * @param path The database's file.
 * @throws {RangeError} If there is no study of that name, or several where none is named.
 * @throws {SyntaxError} If a value is none of the space.
 * @throws {Error} If the file is no such database.
 */
export function readOptunaDatabase(
  path: string,
  space: Space,
  options: OptunaDatabaseOptions = {},
): Omit<Trial, "number">[] {
  Deno.statSync(path); // SQLite says of a missing file only that it cannot open it
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const study = findStudy(database, path, options.study);
    const values = new Map<number, number[]>();
    for (const { trial_id: id, value } of valuesOf(database, study)) {
      values.set(id, [...values.get(id) ?? [], value ?? NaN]);
    }
    const params = new Map<number, Record<string, ParamValue>>();
    for (
      const { trial_id: id, param_name: name, param_value: inner, distribution_json } of paramsOf(
        database,
        study,
      )
    ) {
      params.set(id, { ...params.get(id), [name]: outerValue(distribution_json, inner) });
    }
    return [...values]
      .filter(([, list]) => list.every(Number.isFinite))
      .map(([id, list]) => imported(fittingParams(params.get(id) ?? {}, space), list));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_SQLITE_ERROR") {
      error.message = `Cannot read "${path}" as a database of Optuna: ${error.message}`;
    }
    throw error;
  } finally {
    database.close();
  }
}

function findStudy(database: DatabaseSync, path: string, wanted?: string): number {
  const studies = database.prepare("SELECT study_id, study_name FROM studies ORDER BY study_id").all() as {
    study_id: number;
    study_name: string;
  }[];
  const names = studies.map(({ study_name: name }) => name);
  if (wanted === undefined && studies.length === 1) return studies[0].study_id;
  const found = studies.find(({ study_name: name }) => name === wanted);
  if (found) return found.study_id;
  const near = wanted === undefined ? undefined : nearest(wanted, names);
  throw new RangeError(
    `Cannot read a study of "${path}": ${wanted === undefined ? "name one" : `none is named "${wanted}"`}${
      near ? ` (nearest: "${near}")` : ""
    }; there are ${names.join(", ") || "none"}`,
  );
}

interface ValueRow {
  trial_id: number;
  value: number | null;
}

/** Values of complete trials, in the order of trials and objectives. */
function valuesOf(database: DatabaseSync, study: number): ValueRow[] {
  return database.prepare(
    `SELECT trials.trial_id, trial_values.value FROM trials
     JOIN trial_values ON trial_values.trial_id = trials.trial_id
     WHERE trials.study_id = ? AND trials.state = 'COMPLETE' ORDER BY trials.number, trial_values.objective`,
  ).all(study) as unknown as ValueRow[];
}

interface ParamRow {
  trial_id: number;
  param_name: string;
  param_value: number;
  distribution_json: string;
}

function paramsOf(database: DatabaseSync, study: number): ParamRow[] {
  return database.prepare(
    `SELECT trials.trial_id, param_name, param_value, distribution_json FROM trials
     JOIN trial_params ON trial_params.trial_id = trials.trial_id
     WHERE trials.study_id = ? AND trials.state = 'COMPLETE' ORDER BY param_id`,
  ).all(study) as unknown as ParamRow[];
}
