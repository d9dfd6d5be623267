import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleConversation } from "../testing/samples.ts";
import { contactOf, groupedConversations, neighbour, shownConversations, unreadCount } from "./conversation-list.ts";
import { destinationsOf, matching } from "./destinations.ts";

const LIST = [
  sampleConversation("Zoë"),
  sampleConversation("Stranger", { state: "request" }),
  sampleConversation("Ben", { state: "pending" }),
  sampleConversation("Spammer", { state: "blocked" }),
  sampleConversation("Ann"),
];

test("requests and blocked people do not stand among the chats", () => {
  assert.deepEqual(
    shownConversations(LIST).map(({ name }) => name),
    ["Zoë", "Ben", "Ann"],
  );
});

test("the neighbour is found around both ends and from nowhere", () => {
  assert.equal(neighbour(LIST, "npub1Zoë", 1), "npub1Ben");
  assert.equal(neighbour(LIST, "npub1Ann", 1), "npub1Zoë");
  assert.equal(neighbour(LIST, "npub1Zoë", -1), "npub1Ann");
  assert.equal(neighbour(LIST, null, 1), "npub1Zoë");
  assert.equal(neighbour(LIST, null, -1), "npub1Ann");
  assert.equal(neighbour([], null, 1), null);
});

test("the switcher finds people without their accents, and never those who only ask", () => {
  const contacts = LIST.flatMap((conversation) => contactOf(conversation) ?? []);
  const all = destinationsOf(LIST, contacts, false);
  assert.equal(matching(all, "zoe")[0]?.name, "Zoë");
  assert.equal(matching(all, "Stranger").length, 0);
  assert.equal(all.filter(({ name }) => name === "Ben").length, 1);
});

test("names that begin with what is typed come before those that contain it", () => {
  const names = matching(destinationsOf(LIST, [], false), "an").map(({ name }) => name);
  assert.equal(names[0], "Ann");
});

test("pinned conversations come first, archived ones stand apart, silenced ones do not count", () => {
  const list = [
    { ...sampleConversation("a"), unread: 2 },
    { ...sampleConversation("b"), pinned: true, unread: 3 },
    { ...sampleConversation("c"), archived: true, unread: 4 },
    { ...sampleConversation("d"), mutedUntil: "9999-12-31T00:00:00.000Z", unread: 5 },
    { ...sampleConversation("e", { state: "request" }), unread: 6 },
  ];
  const { current, archived } = groupedConversations(list);
  assert.deepEqual([current.map(({ name }) => name), archived.map(({ name }) => name)], [["b", "a", "d"], ["c"]]);
  assert.equal(unreadCount(list), 9);
});

test("a persona is led to contacts and chats only", () => {
  const places = destinationsOf([], [], true).map(({ href }) => href);
  assert.ok(places.includes("/chats") && places.includes("/personas"));
  assert.deepEqual(
    places.filter((href) => /^\/(channels|join|files|links|settings)/.test(href)),
    [],
  );
});
