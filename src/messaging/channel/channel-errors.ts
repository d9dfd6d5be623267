/** What a person asked of a channel that cannot be done, in his words. */

import { ValidationError } from "../../core/errors.ts";
import { CHANNEL_LIMITS } from "../../core/limits.ts";

export function notYours(): ValidationError {
  return new ValidationError("not_your_channel", "Only the owner of a channel can do this.");
}

export function ownChannel(): ValidationError {
  return new ValidationError("own_channel", "This link leads to a channel of your own.");
}

export function channelMoved(): ValidationError {
  return new ValidationError("channel_moved", "This channel has moved on; its old link leads nowhere.", {
    hint: "Ask its owner for the new link.",
  });
}

export function emptyPost(): ValidationError {
  return new ValidationError("empty_post", "There is nothing to post.", { hint: "Write something or attach a file." });
}

export function noRelays(): ValidationError {
  return new ValidationError("no_relays", "There is no relay to publish a channel on.", { hint: "Add a relay first." });
}

export function noSuchChannel(): ValidationError {
  return new ValidationError("no_such_channel", "There is no such channel here.");
}

export function noSuchPost(): ValidationError {
  return new ValidationError("no_such_post", "There is no such post in this channel.");
}

export function tooManyChannels(): ValidationError {
  return new ValidationError("too_many_channels", `At most ${CHANNEL_LIMITS.channels} channels fit.`, {
    hint: "Leave a channel first.",
  });
}

export function otherChannel(): ValidationError {
  return new ValidationError("other_channel", "This link leads to another channel that has the same id.");
}
