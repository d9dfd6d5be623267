/** What callers of the agent say, checked. A refusal names the field, never its value. */
import type { Context } from "hono";
import * as v from "valibot";
import { UsageError, ValidationError } from "../core/errors.ts";
import type { EntryId } from "../agents/agent-ids.ts";
import type { ApiEnvironment } from "./environment.ts";

const HINT = { hint: "See src/api/agent-contract.ts for what this call takes." };

export const idField: v.GenericSchema<unknown, EntryId> = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{64}$/),
  v.transform((id) => id as EntryId),
);

/** A number in a query string. */
export const numberField: v.GenericSchema<unknown, number> = v.pipe(
  v.string(),
  v.regex(/^\d{1,6}(?:\.\d{1,6})?$/),
  v.transform(Number),
);

/** Throws UsageError `bad_request`. */
export async function bodyOf<T>(c: Context<ApiEnvironment>, schema: v.GenericSchema<unknown, T>): Promise<T> {
  const text = await c.req.text();
  return parsed(v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text));
}

/** As `bodyOf`. */
export function queryOf<T>(c: Context<ApiEnvironment>, schema: v.GenericSchema<unknown, T>): T {
  return parsed(v.safeParse(schema, c.req.query()));
}

/** As `queryOf`, where each field may be said several times. */
export function queriesOf<T>(c: Context<ApiEnvironment>, schema: v.GenericSchema<unknown, T>): T {
  return parsed(v.safeParse(schema, c.req.queries()));
}

/** The id in the path. Throws ValidationError `unknown_call` for what is none. */
export function idOf(c: Context<ApiEnvironment>): EntryId {
  const { success, output } = v.safeParse(idField, c.req.param("id"));
  if (!success) throw unknownCall();
  return output;
}

export function unknownCall(): ValidationError {
  return new ValidationError("unknown_call", "The agent does not know this call.", HINT);
}

type Parsed<T> =
  | { readonly success: true; readonly output: T }
  | { readonly success: false; readonly issues: readonly v.BaseIssue<unknown>[] };

function parsed<T>(result: Parsed<T>): T {
  if (result.success) return result.output;
  const [issue] = result.issues;
  const field = issue ? v.getDotPath(issue) : null;
  const wanted = issue?.expected ? ` (expected ${issue.expected})` : "";
  const message = field === null ? "The call lacks its JSON body." : `The field "${field}" cannot be used${wanted}.`;
  throw new UsageError("bad_request", message, HINT);
}
