import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { assetId } from "../../src/core/signal/asset.ts";
import { airflow } from "../../src/source/airflow.ts";
import { fixture, request } from "./fixtures.ts";

const one = (name: string) => airflow.read(fixture("airflow", name)).alerts[0]!;

test("the success of a task closes its failure, in whatever run", () => {
  const failed = one("task-failed");
  const succeeded = one("task-succeeded");
  expect([failed.status, succeeded.status]).toEqual(["firing", "resolved"]);
  expect(succeeded.dedupKey).toBe(failed.dedupKey);
  expect(succeeded.deliveryId).not.toBe(failed.deliveryId);
});

test("an OpenLineage event that names no run is news each time: nothing tells it from the last one", () => {
  const { body } = fixture("airflow", "openlineage-fail");
  const { run: _, ...event } = body as Record<string, unknown>;
  expect(airflow.read(request(event)).alerts[0]!.deliveryId).toBeNull();
});

test("the outlets of a task are what is broken", () => {
  expect(one("task-failed").assets.map(assetId)).toEqual([
    "postgres://warehouse.example.com:5432/shop.analytics.orders",
    "s3://lake/orders/2026",
    "airflow/orders_report",
  ]);
});

test("mapped tasks and environments are kept apart, a missing logical date is none", () => {
  const mapped = one("manual-run-without-logical-date");
  expect(mapped.dedupKey).toBe("orders_daily/load_orders/2");
  expect(mapped.labels).not.toHaveProperty("logical_date");
  const body = { ...(fixture("airflow", "task-failed").body as object), environment: "prod" };
  expect(airflow.read(request(body)).alerts[0]!.dedupKey).toBe("prod/orders_daily/load_orders/-1");
});

test("a whole DAG run has an identity of its own", () =>
  expect(one("dag-run-failed").dedupKey).toBe("orders_daily"));

test("an alert that only says it in words gets its identity from them", () => {
  const alert = one("announcement");
  expect(alert).toMatchObject({
    status: "firing",
    severity: "critical",
    title: "Pipeline task failed",
    labels: { service: "pipeline" },
  });
  const other = {
    ...(fixture("airflow", "announcement").body as object),
    description: "Task b failed in DAG c",
  };
  expect(airflow.read(request(other)).alerts[0]!.dedupKey).not.toBe(alert.dedupKey);
});

test("OpenLineage events: FAIL fires, COMPLETE resolves it, START is none", () => {
  const failed = one("openlineage-fail");
  expect(failed).toMatchObject({
    status: "firing",
    dedupKey: "prod/orders_daily.load_orders",
    labels: { parent_job: "orders_daily" },
  });
  expect(failed.title).toContain("Bash command failed with exit code 1.");
  expect(one("openlineage-complete")).toMatchObject({ status: "resolved", dedupKey: failed.dedupKey });
  expect(airflow.read(fixture("airflow", "openlineage-start"))).toEqual({ alerts: [], rejected: [] });
});

test("a body that is none of these is refused", () => {
  for (const body of [
    null,
    {},
    { task_id: "t" },
    { dag_id: "d", status: "queued" },
    { dag_id: "None", status: "firing" },
  ])
    expect(() => airflow.read(request(body))).toThrow();
});

describe("the callback in docs/sources/airflow.md", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/sources/airflow.md"), "utf8");
  const [, snippet] = /```python\n(""".*?)```/s.exec(page)!;

  test("offers a callback for failures and one for successes, with a time-out", () => {
    expect(snippet).toMatch(/def on_failure\(context\)[\s\S]*def on_success\(context\)[\s\S]*timeout=/);
  });

  // Without Python on the machine the checks of its text above have to do.
  test.runIf(hasPython())("sends what is read as firing and as resolved, and never raises", async () => {
    const received: { authorization: string | undefined; body: unknown }[] = [];
    const server = createServer(async (message, response) => {
      const chunks = await message.toArray();
      received.push({
        authorization: message.headers.authorization,
        body: JSON.parse(Buffer.concat(chunks).toString()),
      });
      response.end("{}");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const folder = mkdtempSync(join(tmpdir(), "callback-"));
    onTestFinished(() => {
      server.close();
      rmSync(folder, { recursive: true });
    });
    writeFileSync(join(folder, "breakwater_callback.py"), snippet!);
    writeFileSync(join(folder, "run.py"), RUN);
    const { port } = server.address() as AddressInfo;
    const env = {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      BREAKWATER_URL: `http://127.0.0.1:${port}/`,
      BREAKWATER_TOKEN: "s3cret",
    };
    await promisify(execFile)("python3", ["run.py"], { cwd: folder, env, timeout: 20_000 });

    expect(received.map((each) => each.authorization)).toEqual(received.map(() => "Bearer s3cret"));
    const alerts = received.map((each) => airflow.read(request(each.body)).alerts[0]!);
    expect(alerts.map(({ status, dedupKey, title }) => ({ status, dedupKey, title }))).toEqual([
      {
        status: "firing",
        dedupKey: "orders_daily/load_orders/-1",
        title: "orders_daily.load_orders failed: no such table",
      },
      {
        status: "resolved",
        dedupKey: "orders_daily/load_orders/-1",
        title: "orders_daily.load_orders succeeded",
      },
      { status: "firing", dedupKey: "orders_daily", title: "orders_daily failed" },
    ]);
    expect(alerts[0]!.assets.map(assetId)).toEqual(["snowflake://org-account/SHOP.PUBLIC.ORDERS"]);
    expect(alerts[0]!.labels).toMatchObject({
      error_type: "ValueError",
      operator: "SimpleNamespace",
      owner: "data",
      tags: "orders",
    });
    expect(alerts[0]!.warnings).toEqual([]);
  });
});

/** A task that fails and succeeds, a DAG run that times out, and then a Breakwater that cannot be reached. */
const RUN = `
import os
from datetime import datetime, timezone
from types import SimpleNamespace as N
from breakwater_callback import on_failure, on_success

now = datetime(2026, 11, 22, 2, 3, tzinfo=timezone.utc)
asset = N(uri="snowflake://org-account/SHOP/PUBLIC/ORDERS", name="orders")
task = N(owner="data", outlets=[asset, object()], inlets=None)
ti = N(dag_id="orders_daily", task_id="load_orders", run_id="manual__1", map_index=-1, try_number=2, start_date=now,
       end_date=now, log_url="https://airflow.example.com/log", task=task)
context = {"ti": ti, "task_instance": ti, "task": task, "dag": N(dag_id="orders_daily", tags={"orders"}), "run_id": "manual__1",
           "logical_date": None}
on_failure({**context, "exception": ValueError("no such table")})
on_success(context)
on_failure({**context, "reason": "timed_out"})
os.environ["BREAKWATER_URL"] = "http://127.0.0.1:1"
on_failure(context)
del os.environ["BREAKWATER_URL"]
on_failure(context)
on_failure({})
`;

function hasPython(): boolean {
  try {
    execFileSync("python3", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

test("a callback that says in a message which run failed has one identity for all runs", () => {
  const alertOf = (day: string, error: string) =>
    airflow.read(
      request({
        name: "Airflow task failure: load",
        message: `Task load failed in DAG orders at ${day} 02:00:00+00:00`,
        description: error,
        status: "firing",
      }),
    ).alerts[0]!;
  const [first, second] = [alertOf("2026-11-21", "exit code 1"), alertOf("2026-11-22", "exit code 137")];
  expect(second.dedupKey).toBe(first.dedupKey);
  expect(second.description).toContain("exit code 137");
});
