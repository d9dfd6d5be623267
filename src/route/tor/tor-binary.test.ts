/** Finding tor, and what is said where there is none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findTor, type Machine, torCandidates, torMissing } from "./tor-binary.ts";

const linux: Machine = { platform: "linux", path: "/opt/bin:/usr/bin", home: "/home/ann", osRelease: "" };

test("a folder of PATH comes first, then the usual places, then Tor Browser", () => {
  const candidates = torCandidates(linux);
  assert.deepEqual(candidates.slice(0, 2), ["/opt/bin/tor", "/usr/bin/tor"]);
  assert.ok(candidates.includes("/usr/sbin/tor"));
  const isThere = (path: string) => path.includes("TorBrowser");
  assert.equal(findTor(linux, null, isThere), "/home/ann/tor-browser/Browser/TorBrowser/Tor/tor");
  const mac = torCandidates({ ...linux, platform: "darwin" });
  assert.ok(mac.includes("/opt/homebrew/bin/tor"));
  assert.ok(mac.includes("/Applications/Tor Browser.app/Contents/MacOS/Tor/tor"));
});

test("a chosen program is taken, or none", () => {
  assert.equal(
    findTor(linux, "/my/tor", () => true),
    "/my/tor",
  );
  assert.equal(
    findTor(linux, "/my/tor", (path) => path !== "/my/tor"),
    null,
  );
  assert.equal(findTor(linux, "/", undefined), null, "a folder is no program");
});

test("what is missing comes with the command of this system", () => {
  const hints: readonly (readonly [osRelease: string, command: string])[] = [
    ['ID=debian\nVERSION_ID="12"', "sudo apt install tor"],
    ['NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"', "sudo apt install tor"],
    ["ID=fedora", "sudo dnf install tor"],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"', "sudo dnf install tor"],
    ["ID=arch", "sudo pacman -S tor"],
    ['ID="opensuse-leap"\nID_LIKE="suse opensuse"', "sudo zypper install tor"],
    ["ID=plan9", "the package is called tor"],
  ];
  for (const [osRelease, command] of hints) {
    const { code, hint } = torMissing({ ...linux, osRelease }, null);
    assert.equal(code, "tor_missing");
    assert.ok(hint.includes(command), `${osRelease} -> ${hint}`);
  }
  assert.match(torMissing({ ...linux, platform: "darwin" }, null).hint, /brew install tor/);
  assert.match(torMissing(linux, "/my/tor").message, /chosen/);
});
