/** The page's one Trusted Types policy: its two worker scripts may be loaded, and nothing else. */
// oxlint-disable import/default -- Vite makes these two modules, whose default export is an address
import engineUrl from "./worker/engine.ts?worker&url";
import serviceWorkerUrl from "./worker/service-worker.ts?worker&url";

export const ENGINE_URL: string = engineUrl;
export const SERVICE_WORKER_URL: string = serviceWorkerUrl;

interface Policy {
  createScriptURL(url: string): string;
}

declare global {
  /** Missing in browsers without Trusted Types and, so far, in TypeScript's own description of the browser. */
  var trustedTypes: { createPolicy(name: string, rules: Policy): Policy } | undefined;
}

const rules: Policy = {
  createScriptURL(url) {
    if (url !== SERVICE_WORKER_URL && url !== ENGINE_URL) throw new TypeError("This script may not be loaded.");
    return url;
  },
};

const policy: Policy = globalThis.trustedTypes?.createPolicy("nocturne-download", rules) ?? rules;

/** The address as the browser wants it for `new Worker` and `register`; throws for any other address. */
export function scriptUrl(url: string): string {
  return policy.createScriptURL(url);
}
