import fc from "fast-check";

// The same cases every time, so that a red run is about the change at hand. To look further:
// FAST_CHECK_SEED=$RANDOM npx vitest run
fc.configureGlobal({ seed: Number(process.env.FAST_CHECK_SEED ?? 20261122) });
