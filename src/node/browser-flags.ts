/**
 * How a private window's browser is started: behind the proxy with everything, silent by itself, and without what tells
 * it from others needlessly. `test/browser/browse-leaks.test.ts` shows that nothing passes by the proxy, and what does
 * without these flags.
 *
 *   arguments (this window only) + preferences (its throwaway profile) + environment
 *
 * Names of flags differ by version; unknown ones are ignored by the browser, so that both are given.
 */

export interface BrowserStart {
  /** Folder of the throwaway profile. */
  readonly profile: string;
  /** Of the window's proxy. */
  readonly port: number;
  /** An http or https address, or null for an empty page. */
  readonly url: string | null;
  /** The browser's own sandbox does not work for root. */
  readonly asRoot: boolean;
}

/** What nothing else switches off. */
const DISABLED_FEATURES: readonly string[] = [
  "AutofillServerCommunication",
  "CertificateTransparencyComponentUpdater",
  "DialMediaRouteProvider", // multicast to find television sets
  "MediaRouter",
  "GlobalMediaControls",
  "InterestFeedContentSuggestions",
  "LensOverlay",
  "NetworkTimeServiceQuerying",
  "OptimizationGuideModelDownloading",
  "OptimizationHints",
  "OptimizationHintsFetching",
  "PreconnectToSearch",
  "SegmentationPlatform",
  "Translate",
  "AttributionReporting",
  "BrowsingTopics",
  "FedCm",
  "Fledge",
  "SharedStorageAPI",
  "PrivateStateTokens",
  "WebOTP",
  "AsyncDns",
  "DnsOverHttpsUpgrade",
  "UseDnsHttpsSvcb",
];

/** Enough for pages, the same for everybody, and less telling than the size of a screen. */
const WINDOW_SIZE = "1200,900";

/** The command line, without the program. */
export function browserArguments({ profile, port, url, asRoot }: BrowserStart): string[] {
  return [
    `--user-data-dir=${profile}`,
    "--incognito", // cookies, caches and storage stay in memory
    ...behindProxy(port),
    ...silent(),
    ...plain(),
    "--remote-debugging-pipe", // the browser ends with us, however we end; nobody else holds the pipe
    "--disable-blink-features=AutomationControlled", // no page need know of the pipe
    ...(asRoot ? ["--no-sandbox"] : []),
    ...secureOrigins(url),
    url ?? "about:blank",
  ];
}

/** Nothing is resolved, and nothing connects, but by the proxy. */
function behindProxy(port: number): string[] {
  return [
    `--proxy-server=http://127.0.0.1:${port}`,
    // By itself the browser goes straight to localhost and link-local addresses, also for hostile pages.
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-quic",
  ];
}

/** Nothing is sent but what pages ask for. */
function silent(): string[] {
  return [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-component-extensions-with-background-pages",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-field-trial-config",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-sync",
    "--disable-extensions",
    "--disable-search-engine-choice-screen",
    "--disable-speech-api",
    "--metrics-recording-only",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--no-service-autorun",
    "--password-store=basic", // asks no keyring of the desktop
    "--use-mock-keychain",
    `--disable-features=${DISABLED_FEATURES.join(",")}`,
  ];
}

function plain(): string[] {
  return [`--window-size=${WINDOW_SIZE}`, "--force-device-scale-factor=1", "--lang=en-US"];
}

/**
 * An onion address is a key, so that its pages are as good as those of https; browsers of this family think so only of
 * origins that they are told one by one (a pattern such as *.onion is refused), so that it holds for the one that the
 * window was opened for.
 */
function secureOrigins(url: string | null): string[] {
  const parsed = url === null ? null : URL.parse(url);
  if (parsed?.protocol !== "http:" || !parsed.hostname.endsWith(".onion")) return [];
  return [`--unsafely-treat-insecure-origin-as-secure=${parsed.origin}`];
}

/** Of the profile, as `Default/Preferences` holds them. */
export function browserPreferences(): Record<string, unknown> {
  return {
    alternate_error_pages: { enabled: false },
    autofill: { enabled: false, profile_enabled: false, credit_card_enabled: false },
    bookmark_bar: { show_on_all_tabs: false },
    browser: { check_default_browser: false, enable_spellchecking: false },
    credentials_enable_service: false,
    credentials_enable_autosignin: false,
    dns_over_https: { mode: "off" },
    enable_a_ping: false,
    // Whoever relays the last hop reads and changes what is not encrypted.
    https_only_mode_enabled: true,
    https_upgrades: { policy: { http_allowlist: ["[*.]onion", "[*.]i2p"] } }, // encrypted to their key already
    intl: { accept_languages: "en-US,en", selected_languages: "en-US,en" },
    media_router: { enable_media_router: false },
    net: { network_prediction_options: 2 }, // never: no prefetch, no preconnect, no prediction
    payments: { can_make_payment_enabled: false },
    privacy_sandbox: {
      m1: { topics_enabled: false, fledge_enabled: false, ad_measurement_enabled: false },
    },
    profile: { cookie_controls_mode: 1, block_third_party_cookies: true },
    safebrowsing: { enabled: false, enhanced: false, scout_reporting_enabled: false },
    search: { suggest_enabled: false },
    signin: { allowed: false, allowed_on_next_startup: false },
    translate: { enabled: false },
    url_keyed_anonymized_data_collection: { enabled: false },
    webrtc: { ip_handling_policy: "disable_non_proxied_udp" },
  };
}

/** What a browser needs to show a window. Proxies, tokens and paths of ours are not among it. */
const PASSED_ON =
  /^(PATH|HOME|USER|LOGNAME|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|XDG_\w+|DBUS_SESSION_BUS_ADDRESS|TMPDIR|SystemRoot|APPDATA|LOCALAPPDATA|USERPROFILE|TEMP|TMP)$/;

/** The environment of the browser: what it needs of `ours`, the time of everybody, one language. */
export function browserEnvironment(ours: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept = Object.entries(ours).filter(
    (entry): entry is [string, string] => PASSED_ON.test(entry[0]) && entry[1] !== undefined,
  );
  return { ...Object.fromEntries(kept), TZ: "UTC", LANG: "en_US.UTF-8", LANGUAGE: "en_US" };
}
