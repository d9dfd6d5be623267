/** Onion services against a scripted tor: what it is told, when again, and what is taken for a service that hangs. */
import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { atEnd } from "../../../test/support/cleanup.ts";
import { type ControlServer, startControlServer } from "../../../test/support/control-server.ts";
import { waitUntil } from "../../../test/support/wait.ts";
import { createLogger } from "../../core/log.ts";
import { routeDown, targetUnreachable } from "../errors.ts";
import { clientLine, readClientLine } from "./client-authorization.ts";
import { type ControlClient, connectControl } from "./control-client.ts";
import { onionHost, onionSecret } from "./onion-key.ts";
import { type OnionHandle, type OnionService, OnionServices, type OnionServicesOptions } from "./onion-services.ts";

const SEED = new Uint8Array(32).fill(7);
const SERVICE: OnionService = { seed: SEED, port: 80, localPort: 4_321 };
const HOST = onionHost(SEED);
const NAME = HOST.slice(0, 56);
const CALM = { publishMs: 60_000, serviceProbeMs: 60_000 };

type Dial = OnionServicesOptions["tor"]["dial"];

interface World {
  readonly onions: OnionServices;
  readonly told: string[];
  /** A tor begins to take commands; `meanwhile` it is told what to listen for. */
  connect(server: ControlServer, meanwhile?: () => void): Promise<void>;
}

function build(t: TestContext, limits: OnionServicesOptions["limits"] = CALM, dial: Dial = never): World {
  const told: string[] = [];
  let control: ControlClient | null = null;
  let ready: (control: ControlClient) => Promise<void> = async () => {};
  const health = { state: "up", progress: null, doing: null, loss: 0, latencyMs: null, problem: null } as const;
  const onions = new OnionServices({
    tor: {
      start: () => {},
      health: () => health,
      control: () => control,
      onReady: (listener) => {
        ready = listener;
        return () => {};
      },
      dial,
    },
    log: createLogger("silent"),
    limits,
    changed: () => {},
    tell: (text) => told.push(text),
  });
  const connect = async (server: ControlServer, meanwhile = (): void => {}): Promise<void> => {
    const client = await connectControl(server.place, server.cookie);
    atEnd(t, () => client.close());
    control = client;
    const told = ready(client);
    meanwhile();
    await told;
  };
  atEnd(t, () => onions.close());
  return { onions, told, connect };
}

const never: Dial = () => Promise.reject(new Error("nobody is called here"));

const uploaded = (server: ControlServer, name = NAME): void =>
  server.say(`650 HS_DESC UPLOADED ${name} UNKNOWN $${"A".repeat(40)}~hsdir`);

const said = ({ commands }: ControlServer, keyword: string): string[] =>
  commands.filter((line) => line.startsWith(keyword));

test("each tor is told once; up is what the network was told; taken back at the end", async (t) => {
  const { onions, connect } = build(t);
  const handle = onions.publish(SERVICE);
  assert.deepEqual([handle.host, handle.state()], [HOST, "starting"]);
  for (let life = 0; life < 2; life++) {
    const server = await startControlServer(t);
    await connect(server);
    assert.equal(handle.state(), "starting", "a new tor, of which the network knows nothing");
    const key = `ED25519-V3:${onionSecret(SEED)}`;
    assert.deepEqual(said(server, "ADD_ONION"), [
      `ADD_ONION ${key} Flags=DiscardPK MaxStreams=64 Port=80,127.0.0.1:4321`,
    ]);
    assert.ok(server.commands.indexOf("SETEVENTS HS_DESC") < server.commands.length - 1, "it listens before it adds");
    uploaded(server, onionHost(new Uint8Array(32)).slice(0, 56));
    server.say(`650 HS_DESC UPLOAD ${NAME} UNKNOWN $${"A".repeat(40)}~hsdir`);
    await sleep(20);
    assert.equal(handle.state(), "starting");
    uploaded(server);
    await waitUntil("it is up", () => handle.state() === "up");
    if (life === 1) {
      handle.close();
      await waitUntil("it is taken back", () => said(server, "DEL_ONION").join() === `DEL_ONION ${NAME}`);
      assert.equal(handle.state(), "off");
    }
  }
});

test("told while tor becomes ready, it is told once; with the same seed it is another's place", async (t) => {
  const server = await startControlServer(t);
  const { onions, connect } = build(t);
  let first: OnionHandle | null = null;
  await connect(server, () => {
    first = onions.publish(SERVICE);
  });
  await sleep(20);
  assert.equal(said(server, "ADD_ONION").length, 1);
  const second = onions.publish({ ...SERVICE, localPort: 5_000 });
  await waitUntil("the other is told", () => said(server, "ADD_ONION").length === 2);
  assert.equal(server.commands.at(-2), `DEL_ONION ${NAME}`);
  const replaced = first as OnionHandle | null;
  replaced?.close();
  await sleep(20);
  assert.deepEqual([replaced?.state(), second.state(), said(server, "DEL_ONION").length], ["off", "starting", 1]);
});

test("what is not told to the network in time is told again", async (t) => {
  const server = await startControlServer(t);
  const { onions, connect, told } = build(t, { ...CALM, publishMs: 30 });
  const handle = onions.publish(SERVICE);
  await connect(server);
  await waitUntil("again", () => said(server, "ADD_ONION").length === 2);
  const [first, second, third] = server.commands.filter((line) => /_ONION/.test(line)).map((line) => line.slice(0, 9));
  assert.deepEqual([first, second, third], ["ADD_ONION", "DEL_ONION", "ADD_ONION"]);
  assert.match(told.join(), /not told to the network in time/);
  await sleep(200);
  assert.ok(said(server, "ADD_ONION").length <= 4, "more and more seldom: after 30, 60 and 120 ms");
  uploaded(server);
  await waitUntil("it is up", () => handle.state() === "up");
  const count = said(server, "ADD_ONION").length;
  await sleep(60);
  assert.equal(said(server, "ADD_ONION").length, count, "one that is up is left alone");
});

test("one that does not answer is set up anew; one slow answer, or no way to it, says nothing", async (t) => {
  const labels: string[] = [];
  const script: (() => Promise<PassThrough>)[] = [];
  const dial: Dial = async (target, { isolation }) => {
    assert.deepEqual(target, { host: HOST, port: 80 });
    labels.push(isolation);
    return (script.shift() ?? opens)();
  };
  const opens = async (): Promise<PassThrough> => new PassThrough();
  const silent = async (): Promise<never> => Promise.reject(targetUnreachable());
  const noWay = async (): Promise<never> => Promise.reject(routeDown({ message: "", hint: "" }));
  const server = await startControlServer(t);
  const limits = { ...CALM, serviceProbeMs: 5, serviceAnswerMs: 1_000, serviceFailures: 2 };
  const { onions, connect, told } = build(t, limits, dial);
  const handle = onions.publish(SERVICE);
  await connect(server);
  await sleep(30);
  assert.deepEqual(labels, [], "nobody is called before it is up");

  script.push(opens, silent, opens, silent, noWay, silent, opens, noWay, noWay);
  uploaded(server);
  await waitUntil("all were called", () => script.length === 0);
  await sleep(20);
  assert.deepEqual([handle.state(), said(server, "ADD_ONION").length], ["up", 1]);

  script.push(silent, silent);
  await waitUntil("it is set up anew", () => said(server, "ADD_ONION").length === 2);
  assert.equal(said(server, "DEL_ONION").length, 1);
  assert.equal(handle.state(), "starting");
  assert.match(told.join(), /did not answer/);
  assert.equal(new Set(labels).size, labels.length, "each on circuits of its own");
  uploaded(server);
  await waitUntil("it is up again", () => handle.state() === "up");
  handle.close();
  const calls = labels.length;
  await sleep(30);
  assert.ok(labels.length <= calls + 1, "nobody calls what is gone");
});

test("for some alone: their keys are told, a list of nobody is refused, and nobody calls it", async (t) => {
  const server = await startControlServer(t);
  const { onions, connect } = build(t, { ...CALM, serviceProbeMs: 5, authorizedClients: 2 });
  await connect(server);
  const keys = [1, 2].map((fill) => readClientLine(clientLine(new Uint8Array(32).fill(fill))));
  assert.throws(() => onions.publish({ ...SERVICE, clients: [] }), RangeError);
  assert.throws(() => onions.publish({ ...SERVICE, clients: [...keys, ...keys] }), RangeError);
  assert.throws(() => onions.publish({ ...SERVICE, clients: [new Uint8Array(31)] }), { code: "bad_public_key" });
  assert.equal(said(server, "ADD_ONION").length, 0);
  const handle = onions.publish({ ...SERVICE, clients: keys });
  await waitUntil("it is told", () => said(server, "ADD_ONION").length === 1);
  const [line = ""] = said(server, "ADD_ONION");
  assert.match(line, /Flags=DiscardPK,V3Auth .*( ClientAuthV3=[A-Z2-7]{52}){2}/);
  uploaded(server);
  await waitUntil("it is up", () => handle.state() === "up");
  await sleep(30); // `never` would fail, and the service be replaced
  assert.equal(said(server, "ADD_ONION").length, 1);
});

test("no more than a node may have, and those that are gone do not count", (t) => {
  const { onions } = build(t, { ...CALM, services: 2 });
  const publish = (fill: number) => onions.publish({ ...SERVICE, seed: new Uint8Array(32).fill(fill) });
  const first = publish(1);
  publish(2);
  assert.throws(() => publish(3), RangeError);
  publish(2);
  first.close();
  publish(3);
});
