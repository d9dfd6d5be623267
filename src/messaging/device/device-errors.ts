/** What is wrong with a device, in plain words. */

import { PolicyError, ValidationError } from "../../core/errors.ts";
import { DEVICE_LIMITS } from "../../core/limits.ts";

/** What only the device that holds the account's keys can do. */
export function mainDeviceOnly(): PolicyError {
  return new PolicyError("main_device_only", "Only your main device can do this: it alone holds your account's keys.", {
    hint: "Do it there; the result appears here by itself.",
  });
}

export function deviceUnlinked(): PolicyError {
  return new PolicyError("device_unlinked", "This device does not belong to your account any more.", {
    hint: "Wipe it; afterwards it can be linked anew: nocturne wipe",
  });
}

export function tooManyDevices(): ValidationError {
  return new ValidationError("too_many_devices", `An account has at most ${DEVICE_LIMITS.devices} devices.`, {
    hint: "Revoke one that you no longer use.",
  });
}

export function unknownDevice(): ValidationError {
  return new ValidationError("unknown_device", "There is no device with this name or id.", {
    hint: "See your devices: nocturne device list",
  });
}

export function ownDevice(): ValidationError {
  return new ValidationError("own_device", "This is the device you are using.", {
    hint: "To end it, wipe it: nocturne wipe",
  });
}

export function notEmpty(): ValidationError {
  return new ValidationError(
    "not_empty",
    "There are people or groups here already, and a linked device begins empty.",
    {
      hint: "Link from a new data directory: nocturne --data-dir NEW start",
    },
  );
}

export function hasDevices(): PolicyError {
  return new PolicyError("has_devices", "Another identity would part this device from the others of your account.", {
    hint: "Revoke the other devices first, on your main device.",
  });
}

/** A persona lives on one machine: a second one would be a second place that links it to its owner. */
export function oneDeviceOnly(): PolicyError {
  return new PolicyError("one_device_only", "This identity stays on this device.", {
    hint: "Only your own account can have several devices.",
  });
}
