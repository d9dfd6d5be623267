/** The tab's title: how much is unread, then the scene. "(3) Chats · Nocturne" */

let sceneTitle = "";
let unread = 0;

export function setSceneTitle(title: string): void {
  sceneTitle = title;
  show();
}

/** 0 takes the number away, for example when the vault locks. */
export function setUnreadCount(count: number): void {
  unread = count;
  show();
}

function show(): void {
  document.title = `${unread > 0 ? `(${unread}) ` : ""}${sceneTitle} · Nocturne`;
}
