/** What is wrong with couriers, in plain words. */

import { UsageError, ValidationError } from "../../core/errors.ts";
import { COURIER_LIMITS } from "../../core/cell-limits.ts";

export function notAccepted(): ValidationError {
  return new ValidationError(
    "courier_not_accepted",
    "Couriers are people who have accepted you, and whom you accepted.",
    {
      hint: "See how far you are: nocturne contact list",
    },
  );
}

/** Nobody is made a courier who did not say that he is one. */
export function noOffer(): ValidationError {
  return new ValidationError("courier_not_offered", "This contact has not said that it carries for you.", {
    hint: "On that side: nocturne courier allow YOUR_NAME. A paid courier gives a voucher: nocturne courier redeem NAME",
  });
}

export function noCourier(): ValidationError {
  return new ValidationError("no_courier", "You use no courier.", { hint: "Choose one: nocturne courier use NAME" });
}

export function notCarrying(): ValidationError {
  return new ValidationError("not_carrying", "You do not carry for this contact.", {
    hint: "See for whom: nocturne courier list",
  });
}

export function badCellsPerDay(): UsageError {
  return new UsageError("bad_cells_per_day", `A courier carries 1 to ${COURIER_LIMITS.cellsPerDay} cells a day.`);
}

export function badVoucher(): UsageError {
  return new UsageError(
    "bad_voucher",
    `A voucher is good for 1 to ${COURIER_LIMITS.voucherCells} cells, and for at most 366 days.`,
    { hint: "For example: nocturne courier voucher --cells 10000 --expires 30d" },
  );
}

export function badVoucherCode(): ValidationError {
  return new ValidationError("bad_voucher_code", "This is no voucher's code: it has 22 letters, digits, - and _.");
}

export function tooManyVouchers(): ValidationError {
  return new ValidationError("too_many_vouchers", `There are already ${COURIER_LIMITS.vouchers} vouchers.`, {
    hint: "Wait until some expire.",
  });
}
