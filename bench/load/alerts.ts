import { requestBytes } from "./connection.ts";

/** What every product under test is sent with; the ones that ask for no secret overlook it. */
export const INGEST_SECRET = "bench-ingest-secret";

/** Prometheus' own address at Alertmanager; Breakwater and the floor answer at it as well. */
export const ALERTS_PATH = "/api/v2/alerts";

const ID = "@id@@@@@@@"; // ten digits
const GROUP = "@grp@@"; // six digits

/** An alert as Prometheus posts it: about 750 bytes, of a check on a table. One table is one group for everybody. */
function alertJson(severity: string, startsAt: string): string {
  return JSON.stringify({
    labels: {
      alertname: "TableCheckFailed",
      severity,
      dataset_namespace: "snowflake://fernhollow-eu_prod",
      table: `analytics.marts.table_${GROUP}`,
      check: `check-${ID}`,
      shop: `s${GROUP}`,
      environment: "production",
      owner: "analytics-engineering",
    },
    annotations: {
      summary: `check-${ID} failed on table_${GROUP}`,
      description:
        "Got 1,284 rows where at most 0 were expected: order_id is null in rows loaded since 03:00 UTC. " +
        "The load ran to its end and was not repeated; dashboards built from this table show too few orders.",
      runbook_url: "https://runbooks.fernhollow.example/checks/not-null",
    },
    startsAt,
    generatorURL: "https://prometheus.fernhollow.example/graph?g0.expr=failed_rows%20%3E%200&g0.tab=1",
  });
}

/** A request whose alerts are made others by writing digits into its bytes, which costs the load generator nearly nothing. */
export type RequestTemplate = { fill(ids: number[], groups: number[]): Buffer };

export function requestTemplate(perRequest: number, severity: string, startsAt: string): RequestTemplate {
  const one = alertJson(severity, startsAt);
  const body = `[${Array.from({ length: perRequest }, () => one).join(",")}]`;
  const headers = { "content-type": "application/json", authorization: `Bearer ${INGEST_SECRET}` };
  const bytes = requestBytes("POST", ALERTS_PATH, headers, body);
  const ids = placesOf(bytes, ID);
  const groups = placesOf(bytes, GROUP);
  const idsEach = ids.length / perRequest;
  const groupsEach = groups.length / perRequest;
  return {
    fill(newIds, newGroups) {
      // What is on its way to the socket must not change, so each request has bytes of its own.
      const request = Buffer.from(bytes);
      for (const [n, at] of ids.entries()) writeDigits(request, at, ID.length, newIds[(n / idsEach) | 0]!);
      for (const [n, at] of groups.entries())
        writeDigits(request, at, GROUP.length, newGroups[(n / groupsEach) | 0]!);
      return request;
    },
  };
}

function placesOf(bytes: Buffer, mark: string): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + mark.length)) places.push(at);
  return places;
}

function writeDigits(bytes: Buffer, at: number, width: number, value: number): void {
  for (let place = at + width - 1; place >= at; place -= 1) {
    bytes[place] = 48 + (value % 10);
    value = Math.floor(value / 10);
  }
}
