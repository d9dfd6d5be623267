/**
 * To be imported before NDK and nostr-sdk, which keep timers running for ever, also after they were shut down:
 * from here on a timer no longer keeps the process alive. During a test the running node does that.
 */
const { setTimeout: startTimeout, setInterval: startInterval } = globalThis;

globalThis.setTimeout = Object.assign(
  (...args: Parameters<typeof startTimeout>) => startTimeout(...args).unref(),
  startTimeout,
);
globalThis.setInterval = Object.assign(
  (...args: Parameters<typeof startInterval>) => startInterval(...args).unref(),
  startInterval,
);
