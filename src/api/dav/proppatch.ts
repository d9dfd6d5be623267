/** PROPPATCH: notes of other programs on a file or folder; all of them or, where one is refused, none. */
import type { FileProperty } from "../../files/properties.ts";
import type { Exchange } from "./exchange.ts";
import { isLive } from "./live-properties.ts";
import { emptyElement, multistatus, type PropertyStatus, responseOf, XML_TYPE } from "./multistatus.ts";
import { nothingThere } from "./propfind.ts";
import { isDavName, keyOf, type PropertyChange, readPropertyUpdate } from "./xml-requests.ts";

export async function proppatch(exchange: Exchange): Promise<Response> {
  const { c, path, find, locks, shown, library } = exchange;
  const changes = readPropertyUpdate(await c.req.text());
  const found = find(path);
  if (found === null) throw nothingThere();
  locks.check(path, "content", shown);
  const refused = changes.filter(({ name }) => isDavName(name) && isLive(name.local));
  if (refused.length === 0) library.properties.replace(found.id, apply(library.properties.list(found.id), changes));
  const answer = responseOf(found, refused.length === 0 ? [told(200, changes)] : refusal(changes, refused));
  return c.body([...multistatus([answer])].join(""), 207, { "content-type": XML_TYPE });
}

function apply(before: readonly FileProperty[], changes: readonly PropertyChange[]): FileProperty[] {
  const properties = new Map(before.map(({ name, xml }) => [name, xml]));
  for (const { name, xml } of changes) {
    if (xml === null) properties.delete(keyOf(name));
    else properties.set(keyOf(name), xml);
  }
  return Array.from(properties, ([name, xml]) => ({ name, xml }));
}

function refusal(changes: readonly PropertyChange[], refused: readonly PropertyChange[]): PropertyStatus[] {
  const others = changes.filter((change) => !refused.includes(change));
  return [{ ...told(403, refused), condition: "cannot-modify-protected-property" }, told(424, others)];
}

function told(status: 200 | 403 | 424, changes: readonly PropertyChange[]): PropertyStatus {
  return { status, elements: changes.map(({ name }) => emptyElement(name)) };
}
