/** Attaching files of this computer: they go into the library first, then into the draft. */
import { actingId } from "./acting.ts";
import { draftOf, editDraft } from "./drafts.ts";
import { ATTACHMENT, uploadFile } from "./uploads.ts";

/** Resolves when every file is in the library or given up. What failed is attached once it is resumed on the list of uploads. */
export async function attachFromDisk(who: string, files: Iterable<File>): Promise<void> {
  const uploads = Array.from(files, async (file) => {
    const added = await uploadFile(file, ATTACHMENT);
    // Who acts as a persona by now finds it in the library.
    if (added && actingId() === null) editDraft(who, { files: [...draftOf(who).files, added] });
  });
  await Promise.all(uploads);
}
