/**
 * `nocturne group`: several people in one conversation, sealed end to end.
 *
 *   admin      create NAME WHO... -> invited           link -> LINK          approve GROUP WHO
 *   others     join by themselves when invited         join LINK: applied    -> member
 *   everybody  send GROUP "hello", show, leave
 *
 * A group is named by its id, or by its name where that is clear: several groups may bear one name.
 */

import process from "node:process";
import type { Command } from "commander";
import { renderUnicodeCompact } from "uqr";
import type { Conversation, Group, GroupMember } from "../../api/contract.ts";
import { InternalError, ValidationError } from "../../core/errors.ts";
import type { Context } from "../context.ts";
import type { NodeClient } from "../node-client.ts";
import { plainLine } from "../plain-text.ts";

interface Off {
  readonly off?: boolean;
}

const SEE_LIST = "See them with: nocturne group list";
const LINK_WORDS =
  "Whoever has this link may ask to join and learns the group's name; an admin says yes with: nocturne group approve";

export function addGroupCommands(program: Command, context: Context): void {
  const group = program.command("group").description("groups: several people in one conversation");
  addWholeGroup(group, context);
  addMembers(group, context);
  addJoining(group, context);
}

function addWholeGroup(group: Command, context: Context): void {
  group
    .command("create <name> [who...]")
    .description("make a group and invite these contacts into it")
    .action(async (name: string, members: string[]) => {
      show(context, await context.node().call<Group>("POST", "/api/groups", { json: { name, members } }));
    });

  group
    .command("list")
    .description("the groups you are or were in")
    .action(() => list(context));

  group
    .command("show <group>")
    .description("who is in it, who was invited, who waits for an admin's yes")
    .action(async (name: string) => {
      const client = context.node();
      showMembers(context, await findGroup(client, name));
    });

  group
    .command("rename <group> <name>")
    .description("name it otherwise, for all (admins)")
    .action((name: string, next: string) => change(context, name, "PATCH", "", { name: next }));

  group
    .command("leave <group>")
    .description("leave it; what was said so far stays on this machine")
    .action((name: string) => change(context, name, "POST", "/leave"));
}

function addMembers(group: Command, context: Context): void {
  group
    .command("invite <group> <who...>")
    .alias("add")
    .description("invite contacts (admins)")
    .action((name: string, who: string[]) => change(context, name, "POST", "/members", { who }));

  group
    .command("remove <group> <who>")
    .description("remove a member, take an invitation back, or refuse somebody who applied (admins)")
    .action((name: string, who: string) => changeMember(context, name, who, "DELETE", ""));

  group
    .command("admin <group> <who>")
    .description("let a member change the group, too (admins)")
    .option("--off", "no longer")
    .action((name: string, who: string, { off = false }: Off) =>
      changeMember(context, name, who, "PUT", "/admin", { admin: !off }),
    );

  group
    .command("approve <group> <who>")
    .description("let somebody in who applied with the link (admins)")
    .action((name: string, who: string) => changeMember(context, name, who, "POST", "/approve"));
}

function addJoining(group: Command, context: Context): void {
  group
    .command("link <group>")
    .description("the link to join by, as a QR code as well; made when there is none (admins)")
    .option("--off", "end it: it lets nobody apply any more")
    .action((name: string, { off = false }: Off) =>
      off ? change(context, name, "DELETE", "/link") : tellLink(context, name),
    );

  group
    .command("join [link]")
    .description("apply with a link; `-` or nothing reads it from stdin, where no other user can see it")
    .action(async (given?: string) => {
      const link = given === undefined || given === "-" ? await context.prompt.stdin("the link") : given;
      await context.node().call("POST", "/api/groups/join", { json: { link } });
      context.output.result({ applied: true }, "Applied.");
      context.output.say("It appears in: nocturne group list, once an admin of the group has said yes.");
    });
}

async function list(context: Context): Promise<void> {
  const groups = await allGroups(context.node());
  const rows = groups.map((one) => [
    plainLine(one.name),
    one.joined ? `${membersOf(one).length}` : "left",
    one.admin ? "admin" : "",
    one.id,
  ]);
  const empty = "No groups yet. Make one with: nocturne group create NAME WHO...";
  context.output.table(groups, ["NAME", "MEMBERS", "YOU", "ID"], rows, empty);
}

function showMembers(context: Context, group: Group): void {
  show(context, group);
  if (context.output.json) return;
  const rows = group.members.map((one) => [
    plainLine(one.me ? `${one.name} (you)` : one.name),
    one.admin ? "admin" : one.state,
    one.npub,
  ]);
  context.output.table([], ["NAME", "STATE", "NPUB"], rows, "");
}

/** The code stands beside the result, so that a pipe gets the link alone. */
async function tellLink(context: Context, name: string): Promise<void> {
  const client = context.node();
  const group = await findGroup(client, name);
  const { link } = group.link === null ? await client.call<Group>("POST", `${pathOf(group)}/link`) : group;
  if (link === null) throw new InternalError("no_link", "The node made no link.");
  if (process.stderr.isTTY) context.output.say(renderUnicodeCompact(link));
  context.output.result({ link }, link);
  context.output.say(LINK_WORDS);
}

async function change(context: Context, name: string, method: string, path: string, json?: unknown): Promise<void> {
  const client = context.node();
  const group = await findGroup(client, name);
  const body = json === undefined ? {} : { json };
  show(context, await client.call<Group>(method, `${pathOf(group)}${path}`, body));
}

async function changeMember(
  context: Context,
  name: string,
  who: string,
  method: string,
  path: string,
  json?: unknown,
): Promise<void> {
  const client = context.node();
  const group = await findGroup(client, name);
  const body = json === undefined ? {} : { json };
  const member = `${pathOf(group)}/members/${encodeURIComponent(findMember(group, who).npub)}`;
  show(context, await client.call<Group>(method, `${member}${path}`, body));
}

function show(context: Context, group: Group): void {
  const { id, name, admin, joined } = group;
  const count = membersOf(group).length;
  const people = `${count} ${count === 1 ? "member" : "members"}`;
  const state = joined ? `${people}${admin ? ", you are an admin" : ""}` : "you are not in it any more";
  context.output.result(group, `${plainLine(name)}: ${state}\nId: ${id}`);
}

function membersOf({ members }: Group): GroupMember[] {
  return members.filter(({ state }) => state === "member");
}

function pathOf({ id }: Group): string {
  return `/api/groups/${id}`;
}

/** In the order of the conversations. */
async function allGroups(client: NodeClient): Promise<Group[]> {
  const conversations = await client.call<Conversation[]>("GET", "/api/conversations");
  const groups = conversations.filter(({ kind }) => kind === "group");
  return Promise.all(groups.map(({ id }) => client.call<Group>("GET", `/api/groups/${id}`)));
}

/** By id, or by a name that one group alone has. Throws ValidationError `unknown_group`, `ambiguous_group`. */
async function findGroup(client: NodeClient, name: string): Promise<Group> {
  const groups = await allGroups(client);
  const byId = groups.find((group) => group.id === name);
  const [found, ...more] = byId ? [byId] : groups.filter((group) => isCalled(group, name));
  if (!found) {
    throw new ValidationError("unknown_group", "There is no group of this name or id here.", { hint: SEE_LIST });
  }
  if (more.length === 0) return found;
  throw new ValidationError("ambiguous_group", "Several groups have this name.", { hint: `Use the id. ${SEE_LIST}` });
}

/**
 * By npub, or by a name that one person of the group alone has: people name themselves, and one may call himself
 * like another. Throws ValidationError `not_a_member`, `ambiguous_member`.
 */
function findMember({ id, members }: Group, who: string): GroupMember {
  const byKey = members.find(({ npub }) => npub === who);
  const [found, ...more] = byKey ? [byKey] : members.filter((member) => isCalled(member, who));
  const hint = `See them with: nocturne group show ${id}`;
  if (!found) throw new ValidationError("not_a_member", "Nobody in this group has this name or npub.", { hint });
  if (more.length === 0) return found;
  throw new ValidationError("ambiguous_member", "Several people in this group have this name.", {
    hint: `Use the npub. ${hint}`,
  });
}

/** In any case, as contacts are found. */
function isCalled(one: { readonly name: string }, name: string): boolean {
  return one.name.toLowerCase() === name.toLowerCase();
}
