import { defineConfig } from "vitest/config";

// Tests that start servers (Slack, Postgres, Chromium) share two cores with everything else, hence the patience.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/setup.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
