/** How the library is mounted in each system, in the same words in the web app and on the command line. */

import type { MountWay } from "../contract.ts";

/** `url` ends with a "/". No command holds the password: it is asked for, or read from stdin. */
export function mountWays(url: string, user: string): MountWay[] {
  const { host, port } = new URL(url);
  return [
    {
      system: "GNOME (Files) and KDE (Dolphin)",
      steps: [
        {
          words: "In GNOME's Files: Other Locations, Connect to Server, this address:",
          command: `dav://${user}@${host}/dav/`,
        },
        { words: "In Dolphin: press Ctrl+L and type this address:", command: `webdav://${user}@${host}/dav/` },
      ],
    },
    {
      system: "macOS (Finder)",
      steps: [{ words: "Go, Connect to Server (Cmd+K), this address; then the name and the password:", command: url }],
    },
    {
      system: "Windows (Explorer)",
      steps: [
        {
          words:
            "Windows shows a password over http only when an administrator allows it: set this value to 2 and restart the service WebClient. " +
            "It then does so to every server, so a mount by rclone is the better way.",
          command: String.raw`HKLM\SYSTEM\CurrentControlSet\Services\WebClient\Parameters\BasicAuthLevel`,
        },
        {
          words: "Then map a drive; the password is asked for:",
          command: String.raw`net use * \\localhost@${port}\dav * /user:${user}`,
        },
      ],
    },
    {
      system: "rclone",
      steps: [
        { words: 'Makes the remote "nocturne"; then type the password and Enter:', command: rcloneConfig(url, user) },
        { words: "Mount it:", command: "rclone mount nocturne: ~/Nocturne --vfs-cache-mode writes" },
      ],
    },
    {
      system: "davfs2",
      steps: [{ words: "As root; name and password are asked for:", command: `mount -t davfs ${url} /mnt` }],
    },
  ];
}

/** The password goes from the terminal to `rclone obscure` and into rclone's file; it stands in no argument that others see. */
function rcloneConfig(url: string, user: string): string {
  return (
    `(umask 077; rclone config touch; read -rs PASSWORD; printf '[nocturne]\\ntype = webdav\\nvendor = other\\nurl = ${url}\\nuser = ${user}\\npass = %s\\n' ` +
    `"$(printf %s "$PASSWORD" | rclone obscure -)" >> "$(rclone config file | tail -n 1)")`
  );
}
