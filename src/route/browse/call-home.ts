/**
 * Hosts that browsers call by themselves. Through the proxy they would see each window open, and
 * could join what they see: a start, a version, sometimes an installation's number. Flags switch most of it off; what
 * they miss, or a later version adds, is stopped here.
 *
 * Some are used by pages, too: who wants to sign in to such a service needs another browser.
 */

/** Host, or a domain with a dot before it for all within -> what it is asked. */
const CALL_HOME: Readonly<Record<string, string>> = {
  "accounts.google.com": "whether somebody is signed in, at each start; also Google's own sign-in",
  "clients1.google.com": "search suggestions, crash reports",
  "clients2.google.com": "updates of extensions, and the time",
  "clients3.google.com": "whether a captive portal stands between",
  "clients4.google.com": "synchronisation, usage numbers",
  "clients5.google.com": "suggestions",
  "clients6.google.com": "services of a signed-in browser",
  "clientservices.googleapis.com": "which experiments this installation takes part in",
  "update.googleapis.com": "updates of components, with an installation's number",
  ".gvt1.com": "downloads of components",
  ".gvt2.com": "reports about the network (domain reliability)",
  ".gvt3.com": "reports about the network (domain reliability)",
  "optimizationguide-pa.googleapis.com": "hints and models for pages that are opened",
  "content-autofill.googleapis.com": "what fields of an opened form mean",
  "safebrowsing.googleapis.com": "lists of dangerous pages",
  "safebrowsing.google.com": "lists of dangerous pages, and reports",
  "sb-ssl.google.com": "whether a download is dangerous",
  "android.clients.google.com": "push messages",
  "mtalk.google.com": "push messages, one lasting connection for all pages",
  "translate.googleapis.com": "languages of opened pages",
  ".services.mozilla.com": "settings, where in the world it runs, push messages",
  "incoming.telemetry.mozilla.org": "usage numbers",
  "ads.mozilla.org": "advertisements of the new tab's page",
  "aus5.mozilla.org": "updates",
  "detectportal.firefox.com": "whether a captive portal stands between",
  "variations.brave.com": "which experiments this installation takes part in",
  "go-updater.brave.com": "updates",
  "componentupdater.brave.com": "updates of components",
  "p3a.brave.com": "usage numbers",
  "laptop-updates.brave.com": "usage numbers",
  "static1.brave.com": "news and settings",
  "edge.microsoft.com": "updates, settings, suggestions",
  "config.edge.skype.com": "which experiments this installation takes part in",
  "msedge.api.cdp.microsoft.com": "updates",
  "functional.events.data.microsoft.com": "usage numbers",
  "browser.events.data.msn.com": "usage numbers",
  "nav.smartscreen.microsoft.com": "addresses of opened pages",
  "smartscreen.microsoft.com": "addresses of opened pages",
};

/** Whether a host, as `placeOfHost` writes it, is one that browsers call by themselves. */
export function isCallHome(host: string): boolean {
  const labels = host.split(".");
  const domains = labels.map((_, at) => `.${labels.slice(at + 1).join(".")}`);
  return [host, ...domains].some((name) => Object.hasOwn(CALL_HOME, name));
}
