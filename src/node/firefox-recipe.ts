/**
 * How Firefox is kept behind the proxy of `nocturne browse`, as a user.js for a profile of its own: it offers no way to be
 * started so from outside. It goes by HTTP and not by SOCKS, because only there can it give the proxy's password.
 */

type Preference = readonly [name: string, value: string | number | boolean, why: string];

const PREFERENCES = (port: number): readonly Preference[] => [
  ["network.proxy.type", 1, "everything by the proxy"],
  ["network.proxy.http", "127.0.0.1", ""],
  ["network.proxy.http_port", port, ""],
  ["network.proxy.ssl", "127.0.0.1", ""],
  ["network.proxy.ssl_port", port, ""],
  ["network.proxy.no_proxies_on", "", "no exceptions"],
  ["network.proxy.allow_hijacking_localhost", true, "not even this machine, which pages would reach else"],
  ["network.proxy.failover_direct", false, "never straight, whatever happens"],
  ["network.proxy.allow_bypass", false, "not even for what Firefox asks its maker"],
  ["network.trr.mode", 5, "no names are resolved but by the proxy"],
  ["network.dns.disablePrefetch", true, ""],
  ["network.dns.disablePrefetchFromHTTPS", true, ""],
  ["network.dns.blockDotOnion", false, "the proxy knows the way to onion services"],
  ["network.prefetch-next", false, "nothing is fetched ahead"],
  ["network.predictor.enabled", false, ""],
  ["network.http.speculative-parallel-limit", 0, ""],
  ["browser.urlbar.speculativeConnect.enabled", false, ""],
  ["browser.places.speculativeConnect.enabled", false, ""],
  ["network.http.http3.enable", false, "no UDP"],
  ["media.peerconnection.enabled", false, "no WebRTC, which tells pages addresses"],
  ["network.webtransport.enabled", false, ""],
  ["network.captive-portal-service.enabled", false, "Firefox calls nobody by itself"],
  ["network.connectivity-service.enabled", false, ""],
  ["app.update.enabled", false, ""],
  ["app.normandy.enabled", false, ""],
  ["extensions.update.enabled", false, ""],
  ["extensions.getAddons.cache.enabled", false, ""],
  ["extensions.blocklist.enabled", false, ""],
  ["services.settings.server", "data:,", ""],
  ["datareporting.policy.dataSubmissionEnabled", false, ""],
  ["toolkit.telemetry.enabled", false, ""],
  ["browser.safebrowsing.malware.enabled", false, ""],
  ["browser.safebrowsing.phishing.enabled", false, ""],
  ["browser.safebrowsing.downloads.remote.enabled", false, ""],
  ["browser.search.suggest.enabled", false, ""],
  ["browser.search.geoSpecificDefaults", false, ""],
  ["browser.region.update.enabled", false, ""],
  ["browser.region.network.url", "", ""],
  ["toolkit.telemetry.server", "", ""],
  ["toolkit.telemetry.unified", false, ""],
  ["datareporting.healthreport.uploadEnabled", false, ""],
  ["browser.newtabpage.activity-stream.showSponsored", false, ""],
  ["browser.newtabpage.activity-stream.showSponsoredTopSites", false, ""],
  ["browser.topsites.contile.enabled", false, ""],
  ["browser.urlbar.quicksuggest.enabled", false, ""],
  ["browser.newtabpage.enabled", false, ""],
  ["browser.startup.homepage", "about:blank", ""],
  ["browser.startup.homepage_override.mstone", "ignore", ""],
  ["browser.aboutwelcome.enabled", false, ""],
  ["dom.push.enabled", false, ""],
  ["dom.push.connection.enabled", false, ""],
  ["geo.enabled", false, ""],
  ["signon.rememberSignons", false, ""],
  ["browser.privatebrowsing.autostart", true, "keeps nothing on disk"],
  ["dom.security.https_only_mode", true, "what is not encrypted is read and changed on its way"],
  ["dom.securecontext.allowlist_onions", true, "onion services are encrypted to their key"],
  ["dom.securecontext.whitelist_onions", true, "the same in older versions"],
  ["privacy.resistFingerprinting", true, "UTC, English, rounded windows and more"],
  ["privacy.firstparty.isolate", true, "what one site stores no other gets"],
  ["intl.accept_languages", "en-US, en", ""],
];

/** The whole recipe, with the user.js in its middle. `port` is that of the running proxy. */
export function firefoxRecipe(port: number): string {
  const lines = PREFERENCES(port).map(([name, value, why]) => {
    const line = `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`;
    return why === "" ? line : `${line} // ${why}`;
  });
  return [
    "// Private browsing with Firefox through Nocturne.",
    "//",
    "// 1. Make an empty folder, and save this there as user.js.",
    `// 2. Keep running:  nocturne browse --port ${port}`,
    "// 3. Start:          firefox --no-remote --profile THE_FOLDER",
    "// 4. When Firefox asks for the proxy's user and password, give those of the address that nocturne browse printed.",
    "// 5. For another identity: end Firefox, delete all in the folder but user.js, and start nocturne browse again.",
    "//",
    "// What one can tell Firefox by stays more than with Tor Browser. If you must not be recognised, use that.",
    "",
    ...lines,
  ].join("\n");
}
