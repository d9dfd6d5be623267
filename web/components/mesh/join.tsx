/** Before one joins: what a mesh is, what joining reveals to whom, and why it cannot be done while the usual way is Tor. */
import { EyeOff } from "lucide-react";
import type { ReactNode } from "react";
import type { MeshView } from "../../../src/api/contract.ts";
import { useNetwork } from "../../api/network.ts";
import { ButtonLink } from "../button.tsx";
import { Notice } from "../feedback.tsx";
import { Section } from "../scene.tsx";
import { JoinForm } from "./join-form.tsx";

const REVEALED = [
  "Nodes see this machine’s network address, when you store and read, and how many bytes.",
  "They do not see names, contents or keys: each of them gets sealed fragments.",
  "They know you by a key that is made for the mesh alone. It is not your npub, and does not lead to it.",
];

export function JoinSection({ mesh }: { readonly mesh: MeshView }): ReactNode {
  const { data: network } = useNetwork();
  const isHidden = network !== undefined && network.usual !== "direct";
  return (
    <>
      <Section title="What it is" id="about">
        <p>
          A mesh keeps your files on machines of other people, sealed and in fragments, so that they outlive this disk.
          Some of the fragments are enough to give a file back, and your recovery key finds them all.
        </p>
        <div className="flex flex-col gap-2">
          <h3 className="font-medium">What joining reveals</h3>
          <ul className="flex list-disc flex-col gap-1 ps-5">
            {REVEALED.map((words) => (
              <li key={words}>{words}</li>
            ))}
          </ul>
        </div>
      </Section>
      <Section title="Join" id="join">
        {isHidden ? <Hidden /> : <JoinForm mesh={mesh} />}
      </Section>
    </>
  );
}

function Hidden(): ReactNode {
  return (
    <Notice
      icon={EyeOff}
      title="You hide your network address, and nodes would see it"
      actions={<ButtonLink href="/network">Network and Tor</ButtonLink>}
    >
      Your usual way is Tor. Nodes of a mesh are reached directly only, so joining is refused as long as that is so.
      Choose the direct way first, or keep your files on this machine.
    </Notice>
  );
}
