/**
 * The six rooms, or those of a persona. A bar at the foot of a narrow screen, a rail beside a wider one, a column with words and
 * the state of the node on a wide one.
 */
import {
  CircleQuestionMark,
  FolderLock,
  Link2,
  Lock,
  type LucideIcon,
  Megaphone,
  MessagesSquare,
  Settings,
  Users,
  VenetianMask,
} from "lucide-react";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { lockVault } from "../../api/lock-vault.ts";
import { useActingPersona, usePersonas } from "../../api/personas.ts";
import { useConversations, useStatus } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { unreadCount } from "../../lib/conversation-list.ts";
import { waitingFor } from "../../lib/persona-words.ts";
import { overallProgress } from "../../lib/upload-progress.ts";
import { actingStore } from "../../stores/acting.ts";
import { useStore } from "../../stores/store.ts";
import { uploadsStore } from "../../stores/uploads.ts";
import { Moon } from "./moon.tsx";
import { ReachLine } from "./reach-line.tsx";
import { RouteLine } from "./route-line.tsx";

interface Room {
  readonly href: string;
  readonly name: string;
  readonly icon: LucideIcon;
  /** Other addresses that belong to this room. */
  readonly also: readonly string[];
}

const ROOMS: readonly Room[] = [
  { href: "/chats", name: "Chats", icon: MessagesSquare, also: ["/requests", "/groups", "/welcome"] },
  { href: "/channels", name: "Channels", icon: Megaphone, also: ["/join"] },
  { href: "/contacts", name: "Contacts", icon: Users, also: ["/invite"] },
  { href: "/files", name: "Files", icon: FolderLock, also: ["/mesh"] },
  { href: "/links", name: "Links", icon: Link2, also: [] },
  { href: "/settings", name: "Settings", icon: Settings, also: ["/personas", "/network", "/agents"] },
];

/** What a persona has; everything else is the root's. */
const ROOMS_OF_PERSONA: readonly Room[] = [
  ...ROOMS.filter(({ href }) => href === "/chats" || href === "/contacts"),
  { href: "/personas", name: "Personas", icon: VenetianMask, also: [] },
];

export interface NavigationProps {
  /** Gives its room to an open conversation on a narrow screen. */
  readonly aside: boolean;
  readonly onHelp: () => void;
}

/** White marks the current room: red is kept for what to do next. */
export function Navigation({ aside, onHelp }: NavigationProps): ReactNode {
  const rooms = useStore(actingStore) ? ROOMS_OF_PERSONA : ROOMS;
  return (
    <nav
      aria-label="Nocturne"
      className={`shrink-0 border-divider max-rail:border-t max-rail:pb-[env(safe-area-inset-bottom)] rail:flex rail:w-22 rail:flex-col rail:border-e rail:py-4 side:w-58 ${aside ? "max-rail:hidden" : ""}`}
    >
      <div className="mb-6 hidden h-11 items-center gap-3 rail:flex rail:justify-center side:justify-start side:px-6">
        <Moon className="size-7 shrink-0" />
        <span className="text-lg font-semibold tracking-tight max-side:sr-only">Nocturne</span>
      </div>
      <ul className="flex justify-around rail:flex-col rail:justify-start rail:gap-1 rail:px-2 side:px-3">
        {rooms.map((room) => (
          <li key={room.href} className="max-rail:grow">
            <RoomLink room={room} />
          </li>
        ))}
      </ul>
      <Foot onHelp={onHelp} />
    </nav>
  );
}

const ROW =
  "ring-inside relative flex min-h-14 w-full flex-col items-center justify-center gap-0.5 rounded-lg text-[0.8125rem] transition-colors hover:bg-surface side:min-h-11 side:flex-row side:justify-start side:gap-3 side:px-3 side:text-base";

function RoomLink({ room }: { readonly room: Room }): ReactNode {
  const [location] = useLocation();
  const { href, name, icon: Icon, also } = room;
  const current = [href, ...also].some((path) => location === path || location.startsWith(`${path}/`));
  return (
    <Link
      href={href}
      aria-current={current ? "page" : undefined}
      className={`${ROW} ${current ? "font-semibold text-ink rail:bg-surface" : "text-muted"}`}
    >
      <Icon aria-hidden className="size-5.5 shrink-0" strokeWidth={current ? 2.4 : 1.8} />
      {name}
      <Mark href={href} />
    </Link>
  );
}

/** What waits in a room: unread messages and requests, or how far the uploads are. */
function Mark({ href }: { readonly href: string }): ReactNode {
  const { data: status } = useStatus();
  const { data: conversations = [] } = useConversations();
  const { data: personas = [] } = usePersonas();
  const acting = useActingPersona();
  const { open, percent } = overallProgress(useStore(uploadsStore));
  const waiting = unreadCount(conversations) + ((acting ?? status)?.requests ?? 0);
  const elsewhere = acting === null && href === "/settings" ? waitingFor(personas) : 0;
  if (elsewhere > 0) return <Pill words="waiting for your personas">{elsewhere > 99 ? "99+" : elsewhere}</Pill>;
  if (href === "/files" && open > 0) return <Pill words="uploaded">{percent} %</Pill>;
  if (href === "/chats" && waiting > 0) return <Pill words="waiting">{waiting > 99 ? "99+" : waiting}</Pill>;
  return null;
}

/** Placed over the icon where words have no room beside it. */
function Pill({ words, children }: { readonly words: string; readonly children: ReactNode }): ReactNode {
  return (
    <span className="absolute start-1/2 top-1 ms-1.5 min-w-5 rounded-full bg-ink px-1 text-center text-xs leading-5 font-bold whitespace-nowrap text-page tabular-nums side:static side:ms-auto">
      {children}
      <span className="sr-only"> {words}</span>
    </span>
  );
}

/** On a narrow screen these stand in the settings. */
function Foot({ onHelp }: { readonly onHelp: () => void }): ReactNode {
  const { data: status } = useStatus();
  const acting = useStore(actingStore);
  const lock = useAction(lockVault);
  return (
    <div className="mt-auto hidden flex-col gap-1 px-2 rail:flex side:px-3">
      {!acting && <ReachLine className={ROW} />}
      {!acting && <RouteLine className={ROW} />}
      {status?.protection === "passphrase" && (
        <button type="button" onClick={() => void lock.run()} className={`${ROW} text-muted`}>
          <Lock aria-hidden className="size-5.5 shrink-0" strokeWidth={1.8} />
          Lock
        </button>
      )}
      <button type="button" onClick={onHelp} className={`${ROW} text-muted`}>
        <CircleQuestionMark aria-hidden className="size-5.5 shrink-0" strokeWidth={1.8} />
        Shortcuts
      </button>
    </div>
  );
}
