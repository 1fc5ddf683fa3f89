import { airflow } from "./airflow.ts";
import { alertmanager } from "./alertmanager.ts";
import { dbt } from "./dbt.ts";
import { generic } from "./generic.ts";
import type { Source } from "./source.ts";

/** Every source there is. A test compares this list with the folder and with docs/sources. */
export const SOURCES: readonly Source[] = [airflow, alertmanager, dbt, generic];
