/** The time, handed in so that expiry and retry rules can be tested without waiting. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  nowMs(): number;
}

export const systemClock: Clock = { nowMs: () => Date.now() };

/** Timers, handed in so that hours of waiting can be run through in a moment of virtual time. */
export interface Timers {
  /** Calls back once after `delayMs`, never at once. Returns what cancels it. */
  schedule(callback: () => void, delayMs: number): () => void;
}

export const systemTimers: Timers = {
  schedule: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
