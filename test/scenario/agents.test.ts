/** Agents with real programs: three operators begin a network, find, vote, let a newcomer in, and are stopped and killed. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type {
  AgentHealth,
  AgentMessage,
  AgentPeer,
  AwarenessView,
  EntryView,
  TallyView,
} from "../../src/api/agent-contract.ts";
import { type Answer, callAgent } from "../support/agent-call.ts";
import { atEnd, temporaryFolder } from "../support/cleanup.ts";
import {
  type CliResult,
  freePort,
  runCli,
  type RunningCommand,
  startCommand,
  startRelayProcess,
} from "../support/nocturne-process.ts";
import { askUntil } from "../support/wait.ts";

const PROGRAM = "nocturne-agent";
const WINDOW_S = "2";

/** One operator with one agent. */
class Household {
  readonly dataDir: string;
  readonly #t: TestContext;
  readonly #port: number;
  #running: RunningCommand | null = null;
  operator = "";

  private constructor(t: TestContext, port: number) {
    this.#t = t;
    this.#port = port;
    this.dataDir = temporaryFolder(t);
  }

  static async begin(t: TestContext): Promise<Household> {
    const house = new Household(t, await freePort());
    const { json, code, stderr } = await house.run<{ readonly operators: string[] }>(["operator"]);
    assert.equal(code, 0, stderr);
    house.operator = json.operators[0] as string;
    return house;
  }

  run<T = unknown>(args: readonly string[]): Promise<CliResult<T>> {
    return runCli<T>(["--json", ...args], { program: PROGRAM, dataDir: this.dataDir });
  }

  /** As `run`, for what must succeed. */
  async mustRun<T = unknown>(args: readonly string[]): Promise<T> {
    const { json, code, stderr } = await this.run<T>(args);
    assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
    return json;
  }

  async start(bootstrap: readonly string[], more: readonly string[] = []): Promise<void> {
    const place = ["--host", "127.0.0.1", "--port", `${this.#port}`, "--api-port", "0", "--no-lan"];
    const others = bootstrap.length === 0 ? [] : ["--bootstrap", bootstrap.join(",")];
    await this.startWith([...place, ...others, ...more]);
  }

  async startWith(args: readonly string[]): Promise<void> {
    const options = { program: PROGRAM, dataDir: this.dataDir } as const;
    const child = startCommand(this.#t, ["--json", "start", "--foreground", ...args], options);
    this.#running = child;
    const isReady = (text: string): boolean => text.includes('"ready"') || !child.isRunning();
    await askUntil("the agent is there", async () => child.stdout(), isReady);
    assert.ok(child.isRunning(), child.log());
  }

  end(signal?: NodeJS.Signals): Promise<number | null> {
    return (this.#running as RunningCommand).end(signal);
  }

  /** A call of the local API, as another program makes it. */
  ask<T>(path: string, json?: unknown): Promise<Answer<T>> {
    const folder = join(this.dataDir, "agent");
    const { port } = JSON.parse(readFileSync(join(folder, "api.json"), "utf8")) as { readonly port: number };
    const authorization = `Bearer ${readFileSync(join(folder, "token"), "utf8").trim()}`;
    const method = json === undefined ? "GET" : "POST";
    return callAgent<T>(port, { method, path: `/local${path}`, headers: { authorization }, json });
  }

  health(): Promise<AgentHealth> {
    return this.ask<AgentHealth>("/health").then(({ body }) => body);
  }

  knows(words: string): Promise<EntryView[]> {
    return this.ask<EntryView[]>(`/knowledge?query=${words}`).then(({ body }) => body);
  }
}

const isFound = (entries: readonly EntryView[]): boolean => entries.length === 1;

/** `wanted`: logs, and that it takes part. */
function isMet(wanted: number): (health: AgentHealth) => boolean {
  return ({ logs, isEnrolled }) => logs === wanted && isEnrolled;
}

const WALK = "three operators share and vote, a newcomer is let in by three, and stops and crashes lose nothing";

test(WALK, { concurrency: 2 }, async (t) => {
  const houses = await Promise.all([Household.begin(t), Household.begin(t), Household.begin(t), Household.begin(t)]);
  const [ada, bob, eve, noa] = houses;
  const club = [ada, bob, eve];
  const genesis = join(temporaryFolder(t), "club");
  const operators = club.map(({ operator }) => operator).join(",");
  const windows = ["--commit", WINDOW_S, "--reveal", WINDOW_S];
  await ada.mustRun(["genesis", "--name", "club", "--operators", operators, ...windows, "--out", genesis]);
  const [{ url }] = await Promise.all([
    startRelayProcess(t, { dataDir: temporaryFolder(t), port: await freePort() }),
    ...houses.map((house) => house.mustRun(["setup", "--label", "desk", "--genesis", genesis])),
  ]);

  await ada.start([], ["--relay", url]);
  const begin = (await ada.health()).addresses.slice(0, 1);
  await Promise.all([bob.start(begin, ["--relay", url]), eve.start(begin), noa.start(begin)]);
  for (const house of club) await askUntil("the operators have met", () => house.health(), isMet(3));

  const { id } = await ada.mustRun<{ readonly id: string }>(["contribute", "Owls hunt by ear.", "--domain", "birds"]);
  for (const house of [...club, noa]) await askUntil("it is found", () => house.knows("owls"), isFound);
  const shown = await runCli(["query", "owls"], { program: PROGRAM, dataDir: eve.dataDir });
  assert.match(shown.stdout, new RegExp(`^${id}\\n {2}low: .*\\n {2}\\| Owls hunt by ear\\.\\n`));

  const counted = t.test("votes are counted to the same byte by everybody", async () => {
    await ada.mustRun(["vote", id, "for"]);
    for (const house of [bob, eve]) await house.ask("/knowledge/vote", { entry: id, vote: 1 });
    const tallies = await Promise.all(
      [...club, noa].map((house) =>
        askUntil(
          "all votes are counted",
          () => house.ask<TallyView>(`/knowledge/tally?entry=${id}`),
          ({ status, body }) => status === 200 && body.votes.length === 3,
        ),
      ),
    );
    assert.equal(new Set(tallies.map(({ body }) => body.sha256)).size, 1);
    const { level, for: inFavour, votes } = tallies[0]?.body ?? assert.fail();
    // Of votes that fell into two rounds the later one may weigh more: its operator's entry stood at medium by then.
    const weights = votes.map(({ weight }) => weight);
    assert.deepEqual([level, inFavour], ["high", weights.reduce((sum, weight) => sum + weight, 0)]);
    assert.ok(weights.every((weight) => weight >= 1_000));
    assert.equal((await bob.mustRun<TallyView>(["tally", id])).sha256, tallies[0]?.body.sha256);
  });

  await t.test("meanwhile one writes to another over a relay, and both see the same whole", async () => {
    const text = "Storks have come.";
    const isSent = ({ code }: CliResult): boolean => code === 0;
    await askUntil("bob says how to write to him", () => ada.run(["send", bob.operator, text]), isSent);
    const isThere = (messages: readonly AgentMessage[]): boolean => messages.length > 0;
    const read = (): Promise<AgentMessage[]> => bob.mustRun(["messages", "--with", ada.operator]);
    const [message, ...more] = await askUntil("it arrives", read, isThere);
    assert.deepEqual([message?.text, message?.isOwn, message?.state, more], [text, false, "received", []]);
    const off = await eve.run(["send", bob.operator, text]);
    assert.deepEqual([off.code, /messages_off/.test(off.stderr)], [5, true], off.stderr);
    // Each is as of the beginning of a round, and one may begin between the two.
    const wholes = (): Promise<AwarenessView[]> => {
      return Promise.all([ada, bob].map((house) => house.mustRun<AwarenessView>(["awareness"])));
    };
    const isSame = ([a, b]: readonly AwarenessView[]): boolean => a?.domains.length === 1 && a.sha256 === b?.sha256;
    await askUntil("both see the same", wholes, isSame);
  });
  await counted;

  await t.test("a newcomer reads, says nothing, and takes part once three have endorsed him", async () => {
    const refused = await noa.run(["contribute", "I am here.", "--domain", "birds"]);
    assert.deepEqual([refused.code, /not_enrolled/.test(refused.stderr)], [1, true], refused.stderr);
    const files = club.map((_, i) => join(temporaryFolder(t), `${i}`));
    const about = ["endorse", "--operator", noa.operator, "--label", "Noa"];
    await Promise.all(club.map((house, i) => house.mustRun([...about, "--out", files[i] as string])));
    const two = await noa.run(["enroll", "--endorsements", files.slice(0, 2).join(",")]);
    assert.deepEqual([two.code, /too_few_endorsements/.test(two.stderr)], [2, true]);
    const wrong = await bob.run(["enroll", "--endorsements", files.join(",")]);
    assert.match(wrong.stderr, /not_your_endorsements/);
    await noa.mustRun(["enroll", "--endorsements", files.join(",")]);
    await askUntil("he takes part", () => noa.health(), isMet(4));
    await noa.mustRun(["contribute", "Storks clatter.", "--domain", "birds"]);
    await askUntil("it is found", () => ada.knows("storks"), isFound);
    const peers = await ada.mustRun<AgentPeer[]>(["peers"]);
    const seen = peers.find(({ operator }) => operator === noa.operator);
    assert.deepEqual([seen?.label, seen?.depth, seen?.endorsers.length], ["Noa", 1, 3]);
  });

  await t.test("what was said outlives a stop and a crash; a folder has one agent", async () => {
    assert.match((await noa.run(["start"])).stderr, /agent_in_use/);
    await noa.mustRun(["stop"]);
    assert.equal((await noa.run(["status"])).code, 3);
    await bob.end("SIGKILL");
    await Promise.all([noa.startWith([]), bob.startWith([])]);
    for (const house of [noa, bob]) {
      await askUntil("it takes part again", () => house.health(), isMet(4));
      assert.ok(isFound(await house.knows("storks")));
      assert.equal((await house.knows("owls"))[0]?.level, "high");
    }
    await bob.mustRun(["contribute", "Cranes dance.", "--domain", "birds"]);
    await askUntil("it is found", () => noa.knows("cranes"), isFound);
    assert.equal(await noa.end("SIGTERM"), 0);
  });

  await t.test("who was put out by three says nothing more", async () => {
    const files = club.map((_, i) => join(temporaryFolder(t), `out-${i}`));
    const about = ["revoke", "--operator", noa.operator, "--note", "gone"];
    await Promise.all(club.map((house, i) => house.mustRun([...about, "--out", files[i] as string])));
    const all = join(temporaryFolder(t), "all");
    writeFileSync(all, files.map((file) => readFileSync(file, "utf8")).join(""));
    await eve.mustRun(["publish", all]);
    const isOut = (peers: readonly AgentPeer[]): boolean => peers.every(({ operator }) => operator !== noa.operator);
    await askUntil("he is out", async () => (await bob.ask<AgentPeer[]>("/peers")).body, isOut);
    const own = await ada.run(["revoke", "--operator", ada.operator]);
    assert.deepEqual([own.code, own.stdout], [5, ""], own.stderr);
  });
});

test("a person's own machines: one command each, in the background", async (t) => {
  const [desk, laptop] = [temporaryFolder(t), temporaryFolder(t)];
  const on = <T>(dataDir: string, args: readonly string[]): Promise<CliResult<T>> =>
    runCli<T>(["--json", ...args], { program: PROGRAM, dataDir });
  for (const dataDir of [desk, laptop]) atEnd(t, () => end(dataDir));
  const missing = await on(desk, ["start"]);
  assert.match(missing.stderr, /nocturne-agent setup --label NAME/);
  const made = await on<{ readonly invitation: string }>(desk, ["setup", "--label", "desk"]);
  const joined = await on(laptop, ["setup", "--join", made.json.invitation]);
  assert.equal(joined.code, 0, joined.stderr);
  const again = await on(temporaryFolder(t), ["setup", "--join", made.json.invitation]);
  assert.notEqual(again.code, 0, "it is used up");
  const place = ["start", "--host", "127.0.0.1", "--port", "0", "--api-port", "0", "--no-lan"];
  const first = await on<{ readonly addresses: string[] }>(desk, place);
  assert.equal(first.code, 0, first.stderr);
  const second = await on(laptop, [...place, "--bootstrap", first.json.addresses.join(",")]);
  assert.equal(second.code, 0, second.stderr);
  const found = await on(desk, ["contribute", "The key is under the mat.", "--domain", "home"]);
  assert.equal(found.code, 0, found.stderr);
  await askUntil(
    "it is found on the other machine",
    () => on<EntryView[]>(laptop, ["query", "mat"]),
    ({ json }) => json.length === 1,
  );
  const stopped = await on(laptop, ["stop"]);
  assert.equal(stopped.code, 0, stopped.stderr);

  async function end(dataDir: string): Promise<void> {
    await on(dataDir, ["stop"]);
  }
});
