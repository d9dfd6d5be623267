/** What the library refuses, in words. */
import { InternalError, ValidationError } from "../core/errors.ts";
import { FILE_LIMITS } from "../core/limits.ts";

export function passwordNeeded(): ValidationError {
  return new ValidationError("file_password_needed", "This file has a password of its own.", {
    hint: "Give its password; if you forgot it: nocturne files recover ID",
  });
}

export function noThumbnail(): ValidationError {
  return new ValidationError("no_thumbnail", "No thumbnail is kept of this content.", {
    hint: "It has a password of its own, or a newer version is there.",
  });
}

export function noPassword(): ValidationError {
  return new ValidationError("file_has_no_password", "This file has no password of its own.", {
    hint: "It opens without one.",
  });
}

export function tooManyFiles(): ValidationError {
  return new ValidationError("too_many_files", `The library holds ${FILE_LIMITS.files} files and takes no more.`, {
    hint: "Remove files that you no longer need.",
  });
}

/** Before anything is written. */
export function diskFull(): InternalError {
  return new InternalError("disk_full", "The disk has no room for this file, so nothing was changed.", {
    hint: "Free some space and try again.",
  });
}
