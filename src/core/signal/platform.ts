/**
 * What is known of the platforms that data lives on. `names` says how a name is built: a relation is parts joined by
 * dots (`parts` of them when full), a path is an object key or file, a word is taken as it is. `folds` is whether
 * names that differ in case only are one thing there. `port` is what a namespace carries when none is written.
 */
export type Platform = { names: "relation" | "path" | "word"; parts: number; folds: boolean; port: string };

const table = (parts: number, port = ""): Platform => ({ names: "relation", parts, folds: true, port });
const exactTable = (parts: number, port = ""): Platform => ({ ...table(parts, port), folds: false });
const path: Platform = { names: "path", parts: 1, folds: false, port: "" };
const word: Platform = { names: "word", parts: 1, folds: false, port: "" };

/**
 * By OpenLineage's scheme (https://openlineage.io/docs/spec/naming); schemes that it does not have are those of dbt.
 *
 * Warehouses that fold unquoted identifiers fold here even if a quoted `"Orders"` may stand beside `orders`: that is
 * rare, while one tool writing `ORDERS` and the next `orders` is every day. BigQuery and ClickHouse tell case apart,
 * and so does MySQL where it runs on Linux; these show the stored case to every tool, so nothing is lost there.
 */
const PLATFORMS = new Map<string, Platform>(
  Object.entries({
    awsathena: table(3),
    bigquery: exactTable(3),
    cassandra: table(2, ":9042"),
    clickhouse: exactTable(2),
    crate: table(3),
    databricks: table(3),
    db2: table(3),
    duckdb: table(3),
    glue: table(2),
    hive: table(2),
    impala: table(2),
    mariadb: exactTable(2, ":3306"),
    mssql: table(3, ":1433"),
    mysql: exactTable(2, ":3306"),
    oceanbase: exactTable(2),
    oracle: table(3, ":1521"),
    postgres: table(3, ":5432"),
    presto: table(3),
    redshift: table(3, ":5439"),
    snowflake: table(3),
    spark: table(2),
    sqlite: table(2),
    teradata: table(2, ":1025"),
    trino: table(3),
    unitycatalog: table(3),
    vertica: table(3, ":5433"),
    abfss: path,
    dbfs: path,
    file: path,
    gs: path,
    hdfs: path,
    s3: path,
    wasbs: path,
    kafka: { ...word, port: ":9092" },
    pubsub: word,
  }),
);

/** What tools call a platform, where OpenLineage's scheme for it is another word. */
const OTHER_WORDS = new Map<string, string>(
  Object.entries({
    abfs: "abfss",
    adls: "abfss",
    adlsgen2: "abfss",
    athena: "awsathena",
    aws_athena: "awsathena",
    aws_glue: "glue",
    azure_sql: "mssql",
    azuresql: "mssql",
    gcs: "gs",
    pg: "postgres",
    postgresql: "postgres",
    s3a: "s3",
    s3n: "s3",
    sqlserver: "mssql",
    synapse: "mssql",
    unity_catalog: "unitycatalog",
    "unity-catalog": "unitycatalog",
    wasb: "wasbs",
  }),
);

/** OpenLineage's scheme for what a tool calls a platform; SQLAlchemy's driver (`postgresql+psycopg2`) is left out. */
export function schemeOf(platform: string): string {
  const said = platform.trim().toLowerCase();
  const [plain = ""] = said.split("+", 1);
  const scheme = OTHER_WORDS.get(said) ?? OTHER_WORDS.get(plain) ?? plain;
  return PLATFORMS.has(scheme) ? scheme : said;
}

export function platformOf(scheme: string): Platform | null {
  return PLATFORMS.get(scheme) ?? null;
}
