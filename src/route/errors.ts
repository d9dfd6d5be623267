/** The errors of dialling, the same for all routes. None names the target, which may tell whom somebody talks to. */
import { NetworkError, PolicyError } from "../core/errors.ts";
import type { RouteProblem } from "./route.ts";

/** NetworkError `target_unreachable`: the route works, and who was called does not answer. */
export function targetUnreachable(cause?: unknown): NetworkError {
  return new NetworkError("target_unreachable", "The other side could not be reached or did not answer.", {
    hint: "Try again when it is running and within reach.",
    cause,
  });
}

/** NetworkError `route_down`: nothing leaves until the route works again. */
export function routeDown({ message, hint }: Omit<RouteProblem, "code">, cause?: unknown): NetworkError {
  return new NetworkError("route_down", message, { hint, cause });
}

/** PolicyError `route_missing`: this machine lacks what the route needs. */
export function routeMissing({ message, hint }: Omit<RouteProblem, "code">): PolicyError {
  return new PolicyError("route_missing", message, { hint });
}
