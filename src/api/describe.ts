/** What a route takes and answers: checked at run time and told in the OpenAPI document. */
import type { MiddlewareHandler } from "hono";
import type { ValidationTargets } from "hono/types";
import { type ContentWithResolver, describeRoute, resolver, validator } from "hono-openapi";
import * as v from "valibot";
import { UsageError } from "../core/errors.ts";
import { apiErrorSchema } from "./schemas.ts";

const JSON_TYPE = "application/json";

/** Where a schema says what JSON Schema cannot (a transformation), the document leaves that part out. */
const LENIENT = { options: { errorMode: "ignore" } } as const;

/** Describes a route that answers JSON of this shape. */
export function answers(summary: string, schema: v.GenericSchema): MiddlewareHandler {
  return describe(summary, { [JSON_TYPE]: { schema: resolver(schema) } });
}

/** Describes a route that answers a stream of bytes. */
export function answersBytes(
  summary: string,
  types: readonly string[] = ["application/octet-stream"],
): MiddlewareHandler {
  return describe(summary, Object.fromEntries(types.map((type) => [type, {}])));
}

function describe(summary: string, content: ContentWithResolver): MiddlewareHandler {
  return describeRoute({
    summary,
    responses: {
      200: { description: "Done", content },
      default: { description: "Refused", content: { [JSON_TYPE]: { schema: resolver(apiErrorSchema) } } },
    },
  });
}

/**
 * Checks a part of the request. Throws UsageError `bad_request`, which names the field and never its
 * value: that may be a passphrase.
 */
export function takes<Schema extends v.GenericSchema, Target extends keyof ValidationTargets>(
  target: Target,
  schema: Schema,
): ReturnType<typeof validator<Schema, Target, object, string>> {
  return validator(
    target,
    schema,
    (result) => {
      if (!result.success) throw badRequest(result.error as readonly v.BaseIssue<unknown>[]);
    },
    LENIENT,
  );
}

function badRequest(issues: readonly v.BaseIssue<unknown>[]): UsageError {
  const issue = issues[0];
  const field = issue ? v.getDotPath(issue) : null;
  const wanted = issue?.expected ? ` (expected ${issue.expected})` : "";
  const message = field === null ? "The request lacks its JSON body." : `The field "${field}" cannot be used${wanted}.`;
  return new UsageError("bad_request", message, { hint: "See /api/openapi.json for what this call takes." });
}
