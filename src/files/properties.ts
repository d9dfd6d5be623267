/**
 * What other programs note on files and folders, such as a file manager's labels: kept as they wrote it, never read.
 *
 *   file_properties   {of, properties: [{name, xml}]}     of: the id of a file or a folder, "" for the top
 *
 * They stay with an id, so that they move with it and come back with it from the trash; who deletes a row for good
 * deletes them too.
 */
import { utf8Encode } from "../core/bytes.ts";
import { ValidationError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import type { FileTables } from "./file-tables.ts";

export interface FileProperty {
  /** `{namespace}local`, as in RFC 4918. */
  readonly name: string;
  /** The whole element, its namespaces included. */
  readonly xml: string;
}

export class Properties {
  readonly #tables: FileTables;

  constructor(tables: FileTables) {
    this.#tables = tables;
  }

  list(of: string): readonly FileProperty[] {
    return this.#tables.properties.get(of)?.properties ?? [];
  }

  /** All that is noted from now on. Throws ValidationError `too_many_properties`. */
  replace(of: string, properties: readonly FileProperty[]): void {
    const bytes = properties.reduce((sum, { name, xml }) => sum + utf8Encode(name).length + utf8Encode(xml).length, 0);
    if (properties.length > FILE_LIMITS.properties || bytes > FILE_LIMITS.propertiesBytes) throw tooMany();
    if (properties.length === 0) this.#tables.properties.delete(of);
    else this.#tables.properties.put({ of, properties });
  }

  /** What is noted on `from` is noted on `onto` as well, in the place of what was there. */
  copy(from: string, onto: string): void {
    this.replace(onto, this.list(from));
  }
}

function tooMany(): ValidationError {
  const [most, kib] = [FILE_LIMITS.properties, FILE_LIMITS.propertiesBytes / 1024];
  return new ValidationError("too_many_properties", `A file carries ${most} properties of ${kib} KiB in all at most.`, {
    hint: "Remove some of them first.",
  });
}
