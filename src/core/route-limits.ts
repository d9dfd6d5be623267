/** The limits of routes other than straight ones; everything else has its own in `limits.ts`, where it is said how they are read. */

/** Dialling, whatever the route. */
export const DIAL_LIMITS = {
  /** A straight connection. */
  connectMs: 10_000, // 10 s
  /** Through Tor or I2P, until the other side's stream is open: the way itself may have to be made first. */
  anonymousMs: 60_000, // 60 s
  /** A single question through Tor or I2P, with the way that is made for it: somebody may wait for the answer. */
  questionMs: 30_000, // 30 s
  /** TLS and the greeting of a WebSocket, once the stream is open. */
  greetingMs: 20_000, // 20 s
  /** Of the last so many attempts a route's loss and latency are told. */
  measured: 20,
  /** Events of routes that the network page shows. */
  told: 100,
  /** Questions to relays that each have a connection of their own, at once. */
  apart: 8,
  /** And that wait for one of those. */
  apartWaiting: 256,
} as const;

/** Tor. */
export const TOR_LIMITS = {
  /** A control line; the longest is a list of circuits. */
  controlLineBytes: 1_048_576, // 1 MiB
  /** A whole reply of many lines. */
  controlReplyBytes: 8_388_608, // 8 MiB
  /** A command without an answer means that the process hangs. */
  controlAnswerMs: 5_000, // 5 s
  /** Commands that wait for their turn. */
  controlQueue: 256,
  /** From its start until it listens for commands. */
  launchMs: 10_000, // 10 s
  /** Between its end and the next start; doubled each time. */
  restartMs: 500,
  restartMaxMs: 30_000, // 30 s
  /** An orderly end that does not come becomes a kill. */
  stopMs: 5_000, // 5 s
  /** Whether the process answers is asked so often. */
  heartbeatMs: 2_000, // 2 s
  /** A tor of ours that has not answered for so long is killed and started anew. */
  hangMs: 30_000, // 30 s
  /** A stream that is not open by then gets a second one beside it, on another circuit; the first that opens is taken. */
  hedgeMs: 3_000, // 3 s
  /** Circuits tried for one stream. */
  attempts: 3,
  /** Silence after something was sent, beyond which the path is probed. */
  suspectMs: 3_000, // 3 s
  /** The same for a stream whose silence was found to be harmless again and again. */
  suspectMaxMs: 60_000, // 60 s
  /** A stream of which more was taken without an answer is not silent: no circuit has room for so much on its way. */
  inFlightBytes: 4_194_304, // 4 MiB
  /** A silent stream on a circuit that no second stream gets on any more is given up after this. */
  unprovenMs: 8_000, // 8 s
  /** Streams are looked at so often. */
  lookMs: 250,
  /** When nothing was received for so long, the guard is probed although nobody waits. */
  quietProbeMs: 30_000, // 30 s
  /** A probe of one hop that has not come back by then: that guard hangs. */
  probeMs: 3_000, // 3 s
  /** A guard that was left is not used for so long. */
  guardRestMs: 600_000, // 10 min
  /** Guards left at a time: more would let an attacker choose ours by making others hang. */
  guardsLeft: 2,
  /** Paths that are closed because of silence, a minute; what is slow must not become slower by it. */
  closedPerMinute: 20,
  /** Labels whose given-up circuits are remembered; the oldest is forgotten, and asks for its first circuit again. */
  labels: 1_024,
  /** Onion services of one node. */
  services: 8,
  /** Until a new onion service is told to the network; then it is set up anew, and gets twice as long, up to eight times. */
  publishMs: 20_000, // 20 s
  /** Each own onion service is called by its own node so often, as a stranger would. */
  serviceProbeMs: 60_000, // 60 s
  /** A call that is not answered by then failed; circuits to both sides are made for it. */
  serviceAnswerMs: 20_000, // 20 s
  /** Calls that fail one after the other until the service is set up anew. */
  serviceFailures: 2,
  /** Streams of one visitor's circuit to an onion service: a browser opens six for a page. */
  visitorStreams: 64,
  /** Lines of bridges. */
  bridges: 16,
  bridgeLineBytes: 1_024, // 1 KiB
  /** People who may reach one onion service, when not everybody may. */
  authorizedClients: 64,
  /** Onion services that this node visits with a key. */
  visits: 64,
} as const;

/** I2P. */
export const I2P_LIMITS = {
  /** A line of a SAM bridge; destinations are about 500 characters. */
  lineBytes: 8_192, // 8 KiB
  /** A greeting or a name that has no answer. */
  answerMs: 10_000, // 10 s
  /** A session builds its tunnels first. */
  sessionMs: 90_000, // 90 s
  /** A greeting that is not answered by then gets a second stream beside it, by other tunnels; the first answered is taken. */
  hedgeMs: 3_000, // 3 s
  /** Streams tried for one greeting. */
  attempts: 5,
  /** A session by which so many streams to one host had no answer, one after the other, knows old ways to it: it is replaced. */
  silentStreams: 2,
  /** But none that is younger: who is offline is silent, too, until the network forgets him after 10 min. */
  renewMs: 60_000, // 1 min
  /** Hosts of one session of which it is remembered whether they answered. */
  hosts: 256,
  /** A stream to another destination. */
  connectMs: 60_000, // 60 s
  /** Sessions at once: each has tunnels of its own, and what must not be linked has sessions of its own. */
  sessions: 8,
  /** Whether the router answers is asked so often. */
  probeMs: 3_000, // 3 s
  /** A router that has not greeted by then hangs. */
  probeAnswerMs: 4_000, // 4 s
  /** After a session that was refused or lost; doubled each time. */
  retryMs: 2_000, // 2 s
  retryMaxMs: 60_000, // 60 s
} as const;

/** Browsing. */
export const BROWSE_LIMITS = {
  /** Connections of the browser at once. */
  connections: 256,
  /** A connection whose greeting is not whole by then is closed. */
  greetingMs: 10_000, // 10 s
  /** Headers of a plain HTTP request or answer. */
  headerBytes: 16_384, // 16 KiB
  /** Until the page's side is open. */
  connectMs: 60_000, // 60 s
  /** Sites of a window that are remembered and shown. */
  sites: 64,
  /** Windows at once: each has a profile and a port of its own. */
  windows: 8,
  /** From its start until a browser answers. */
  launchMs: 20_000, // 20 s
  /** A browser that does not end by then is killed. */
  stopMs: 5_000, // 5 s
  /** A profile folder without a sign of its owner is somebody's that is just being made, until it is so old. */
  orphanMs: 60_000, // 60 s
} as const;
