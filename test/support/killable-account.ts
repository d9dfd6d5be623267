/**
 * An account as one process sees it. A test cannot end a process inside itself; what it can do is to let it write nothing
 * any more. Otherwise the work that was under way would go on beside the next messenger on the same account, and two that
 * seal with one ratchet use a key twice.
 */
import type { Account } from "../../src/vault/account.ts";
import type { SealedTable, TableDefinition } from "../../src/vault/sealed-table.ts";

export function killableAccount(account: Account): { account: Account; kill(): void } {
  const life = { alive: true };
  const table = <Row extends object>(definition: TableDefinition<Row>): SealedTable<Row> =>
    whileAlive(account.table(definition), ["put", "delete"], life);
  const view = whileAlive(account, ["transaction", "writeMeta", "emptyLog", "scrub"], life, { table });
  return { account: view, kill: () => void (life.alive = false) };
}

/** `target`, whose `writes` throw once its process has ended; `instead` takes the place of what is called so. */
function whileAlive<T extends object>(
  target: T,
  writes: readonly (keyof T)[],
  life: { readonly alive: boolean },
  instead: Partial<T> = {},
): T {
  const get = (_: T, name: string | symbol): unknown => {
    const value: unknown = Reflect.get(name in instead ? instead : target, name, target);
    if (typeof value !== "function") return value;
    if (!life.alive && writes.includes(name as keyof T)) throw new Error("this process has ended");
    return name in instead ? value : value.bind(target);
  };
  return new Proxy(target, { get });
}
