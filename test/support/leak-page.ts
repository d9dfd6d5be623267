/**
 * A page that tries to make its browser send something past a proxy, in every way that pages have: names to resolve,
 * connections to open early, protocols that are not HTTP, addresses that need no name. It reports to the site that it
 * came from how often it tried, and which of its own addresses it could learn.
 */

/** Nobody has these addresses (RFC 5737, 3849), so that what is sent to them is seen and answered by nobody. */
const ADDRESSES = ["203.0.113.7", "203.0.113.8", "198.51.100.77", "[2001:db8:1::7]"];

/** Names like those of sites, so that a policy of names lets them through. */
function names(kind: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${kind}${i}.leak-trial.org`);
}

const HINTS = [
  ...names("dns", 6).map((name) => `<link rel="dns-prefetch" href="//${name}">`),
  ...names("pre", 6).map((name) => `<link rel="preconnect" href="https://${name}" crossorigin>`),
  ...names("fetch", 3).map((name) => `<link rel="prefetch" href="https://${name}/page">`),
  ...names("load", 2).map((name) => `<link rel="preload" as="image" href="https://${name}/x.png">`),
  ...names("module", 2).map((name) => `<link rel="modulepreload" href="https://${name}/x.js">`),
  ...names("icon", 1).map((name) => `<link rel="icon" href="https://${name}/x.ico">`),
];

const PARTS = [
  ...names("frame", 2).map((name) => `<iframe src="http://${name}/"></iframe>`),
  ...names("image", 2).map((name) => `<img src="https://${name}/x.png">`),
  ...names("media", 2).map((name) => `<video src="http://${name}/x.webm" autoplay muted></video>`),
  ...names("object", 1).map((name) => `<object data="http://${name}/x.pdf"></object>`),
  ...ADDRESSES.map((address) => `<img src="http://${address}/x.png">`),
  ...names("link", 4).map((name) => `<a href="https://${name}/">link</a>`),
];

const STYLE = [
  ...names("font", 2).map((name) => `@font-face { font-family: "${name}"; src: url("https://${name}/x.woff2"); }`),
  ...names("font", 2).map((name) => `body { font-family: "${name}", serif; }`),
  `body { background: url("http://${names("background", 1)[0]}/x.png"); }`,
].join("\n");

const SPECULATION = JSON.stringify({
  prerender: [{ urls: names("rule", 2).map((name) => `https://${name}/`) }],
  prefetch: [{ urls: names("rule", 2).map((name) => `https://${name}/x`) }],
});

/** Runs in the page. `app`: a program of this machine, which pages are not meant to reach. */
const scriptFor = (app: number): string => `
  const addresses = ${JSON.stringify(ADDRESSES)};
  const hosts = ${JSON.stringify(names("script", 6))};
  let tries = 0;
  const learnt = [];
  const attempt = async (work) => { tries++; try { return await work(); } catch { return null; } };

  const gather = (iceServers) => attempt(async () => {
    const connection = new RTCPeerConnection({ iceServers });
    connection.createDataChannel("x");
    connection.onicecandidate = ({ candidate }) => { if (candidate) learnt.push(candidate.candidate); };
    await connection.setLocalDescription(await connection.createOffer());
  });
  for (const address of [...addresses, ...hosts]) {
    gather([{ urls: "stun:" + address + ":3478" }]);
    gather([{ urls: ["turn:" + address + ":3478?transport=udp", "turn:" + address + ":3478?transport=tcp"], username: "u", credential: "c" }]);
  }
  for (const host of [...hosts, ...addresses]) {
    attempt(() => fetch("https://" + host + "/", { mode: "no-cors" }));
    attempt(() => fetch("http://" + host + "/", { mode: "no-cors" }));
    attempt(() => new WebSocket("ws://" + host + "/"));
    attempt(() => new WebSocket("wss://" + host + "/"));
    attempt(() => new EventSource("http://" + host + "/"));
    attempt(() => navigator.sendBeacon("https://" + host + "/", "x"));
    attempt(() => new WebTransport("https://" + host + ":443/").ready);
    attempt(() => { new Image().src = "http://" + host + ":8080/x.png"; });
    attempt(() => new Worker("http://" + host + "/x.js"));
    attempt(() => import("https://" + host + "/x.js"));
  }
  for (const host of ["127.0.0.1", "localhost", "app.localhost", "[::1]", "0.0.0.0", "2130706433"]) {
    attempt(() => fetch("http://" + host + ":${app}/", { mode: "no-cors" }));
    attempt(() => new WebSocket("ws://" + host + ":${app}/"));
    attempt(() => { new Image().src = "http://" + host + ":${app}/x.png"; });
    attempt(() => { const frame = document.createElement("iframe"); frame.src = "http://" + host + ":${app}/"; document.body.append(frame); });
  }
  setTimeout(() => { // not after loading: what nobody answers loads for minutes
    fetch("/report", { method: "POST", body: JSON.stringify({ tries, learnt }) });
  }, 5000);
`;

/** The page, for a machine where a program listens at port `app`. */
export function leakPage(app: number): string {
  return `<!doctype html><html><head><title>leak trial</title>
<meta http-equiv="x-dns-prefetch-control" content="on">
${HINTS.join("\n")}
<style>${STYLE}</style>
<script type="speculationrules">${SPECULATION}</script>
</head><body>some text ${PARTS.join("\n")}
<script>${scriptFor(app)}</script></body></html>`;
}

/** Asks for QUIC and for early connections before the page is even read. */
export const LEAK_HEADERS: Readonly<Record<string, string>> = {
  "Content-Type": "text/html",
  "Alt-Svc": `h3="203.0.113.9:443"; ma=60, h3=":443"`,
  "X-DNS-Prefetch-Control": "on",
  Link: `<https://${names("header", 1)[0]}>; rel=preconnect, <//${names("header", 2)[1]}>; rel=dns-prefetch`,
  "Report-To": JSON.stringify({ group: "g", max_age: 60, endpoints: [{ url: `https://${names("report", 1)[0]}/` }] }),
  NEL: JSON.stringify({ report_to: "g", max_age: 60, success_fraction: 1 }),
};
