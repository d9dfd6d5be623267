/** Scans a QR code with the camera or from a picture; the code's text goes to `onText`. */
import { Camera, ImageUp } from "lucide-react";
import { type ReactNode, useEffect, useEffectEvent, useRef, useState } from "react";
import { hasCamera, readPicture, watchCamera } from "../lib/qr-reader.ts";
import { Button } from "./button.tsx";
import { Modal } from "./modal.tsx";

export interface QrScannerProps {
  readonly title: string;
  readonly open: boolean;
  readonly onClose: () => void;
  readonly onText: (text: string) => void;
}

/** The camera starts on a click only and stops with the dialog. */
export function QrScanner({ title, open, onClose, onText }: QrScannerProps): ReactNode {
  return (
    <Modal
      title={title}
      open={open}
      onClose={onClose}
      description="Pictures are read on this machine and are not kept."
    >
      {open && <ScannerBody onText={onText} />}
    </Modal>
  );
}

function ScannerBody({ onText }: Pick<QrScannerProps, "onText">): ReactNode {
  const [filming, setFilming] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const picture = useRef<HTMLInputElement>(null);

  const readFile = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    const text = await readPicture(file).catch(() => null);
    if (text === null)
      setProblem("No QR code was found in this picture. Try one that shows the whole code, sharp and straight.");
    else onText(text);
  };
  const refuseCamera = (): void => {
    setFilming(false);
    setProblem("The camera could not be used. Allow it in the browser's address bar, or choose a picture instead.");
  };

  return (
    <div className="flex flex-col gap-4">
      {filming && <CameraView onText={onText} onRefused={refuseCamera} />}
      {problem && <p role="alert">{problem}</p>}
      <div className="flex flex-wrap gap-3">
        {hasCamera() && !filming && (
          <Button icon={Camera} onClick={() => (setProblem(null), setFilming(true))}>
            Use the camera
          </Button>
        )}
        <Button icon={ImageUp} onClick={() => picture.current?.click()}>
          Choose a picture
        </Button>
      </div>
      <input
        ref={picture}
        type="file"
        accept="image/*"
        hidden
        aria-label="Picture of a QR code"
        onChange={(event) => void readFile(event.target.files?.[0])}
      />
    </div>
  );
}

interface CameraViewProps {
  readonly onText: (text: string) => void;
  readonly onRefused: () => void;
}

/** The camera's light must go out at once when the dialog closes, whatever was going on. */
function CameraView({ onText, onRefused }: CameraViewProps): ReactNode {
  const video = useRef<HTMLVideoElement>(null);
  const onSeen = useEffectEvent(onText);
  const onFailed = useEffectEvent(onRefused);
  useEffect(() => {
    const abort = new AbortController();
    const { current } = video;
    if (!current) return undefined;
    watchCamera(current, abort.signal).then(
      (text) => onSeen(text),
      () => abort.signal.aborted || onFailed(),
    );
    return () => abort.abort();
  }, []);
  return (
    <video
      ref={video}
      muted
      playsInline
      aria-label="What the camera sees"
      className="aspect-square w-full rounded-lg bg-page object-cover"
    />
  );
}
