/** `mesh_peers`: operators of the network, and this agent's place among them. */
import type { McpServer } from "@modelcontextprotocol/server";
import * as z from "zod";
import type { AgentPeer } from "../../api/agent-contract.ts";
import { healthAnswer, peersAnswer } from "../agent-answers.ts";
import type { AgentCalls } from "../agent-calls.ts";
import { FencedText } from "../fence.ts";
import { answering, answerOf, cleanWords, fitting, hexText, leftOutText, marks } from "../marks.ts";

const inputSchema = z.strictObject({});

const peerShape = z.object({
  provenance: z.object({
    operator: hexText,
    devices: z.array(hexText),
    depth: z.int(),
    endorsers: z.array(hexText),
    weight: z.number(),
    verified: z.int(),
    accuracy: z.number(),
    quarantine: z.enum(["none", "local", "network"]),
    is_self: z.boolean(),
  }),
  untrusted: z.object({ label: z.string().nullable() }),
});

const outputSchema = z.object({
  ...marks,
  agent: z.object({
    network: hexText,
    operator: hexText,
    is_enrolled: z.boolean(),
    is_behind: z.boolean(),
    neighbours: z.int(),
  }),
  peers: z.array(peerShape),
  left_out: z.int(),
});

export function registerPeers(server: McpServer, calls: AgentCalls): void {
  const title = "Who is in the agent mesh";
  const description =
    "Lists the operators of the network with their standing: steps from the genesis, endorsers, weight of their votes, quarantine. " +
    "Also tells to how many agents this machine's agent is connected.";
  const annotations = { readOnlyHint: true, openWorldHint: true };
  const handle = answering(async () => {
    const [health, all] = await Promise.all([
      calls.read("/local/health", healthAnswer),
      calls.read("/local/peers", peersAnswer),
    ]);
    const { network, operator, isEnrolled, isBehind, neighbours } = health;
    const { kept, leftOut } = fitting(all.map(shapePeer), (peer) => peer);
    const text = new FencedText().say(
      `Network ${network}; this agent is operator ${operator}, with ${neighbours} neighbours.`,
    );
    if (!isEnrolled) text.say("It is not enrolled: others do not keep what it says.");
    if (isBehind) text.say("Others know more of its own log than it does: it says nothing any more.");
    for (const peer of kept) sayPeer(text, peer);
    if (leftOut > 0) text.say(leftOutText(leftOut));
    const agent = { network, operator, is_enrolled: isEnrolled, is_behind: isBehind, neighbours };
    return answerOf(text, { agent, peers: kept, left_out: leftOut });
  });
  server.registerTool("mesh_peers", { title, description, inputSchema, outputSchema, annotations }, handle);
}

type PeerShape = z.infer<typeof peerShape>;

function shapePeer({ label, isSelf, ...standing }: AgentPeer): PeerShape {
  const { devices, endorsers, ...rest } = standing;
  return {
    provenance: { ...rest, devices: [...devices], endorsers: [...endorsers], is_self: isSelf },
    untrusted: cleanWords({ label }),
  };
}

function sayPeer(text: FencedText, { provenance, untrusted }: PeerShape): void {
  const { operator, devices, depth, endorsers, weight, verified, quarantine, is_self } = provenance;
  text.say(
    `operator ${operator}${is_self ? " (this one)" : ""}: ${devices.length} devices, depth ${depth}, ${endorsers.length} endorsers, ` +
      `weight ${weight}, ${verified} entries verified, quarantine ${quarantine}`,
  );
  if (untrusted.label !== null) text.quote({ label: untrusted.label });
}
