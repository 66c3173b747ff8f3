import { type KeyboardEvent, type PointerEvent, useState } from 'react'
import { t } from '../../../shared/text.ts'
import { stageShare, useStage } from '../../stores/stage.ts'

const KEY_STEP = 0.02

/** The border between the clip and its conversation, which can be moved with the pointer and the arrow keys. A double click restores it. */
export function StageDivider() {
  const share = useStage((state) => state.share)
  const set = useStage((state) => state.set)
  const [dragging, setDragging] = useState(false)
  const moveTo = (wanted: number) => set({ share: Math.min(stageShare.most, Math.max(stageShare.least, wanted)) })
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.parentElement?.getBoundingClientRect()
    if (dragging && box) moveTo((event.clientX - box.left) / box.width)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const wanted = {
      ArrowLeft: share - KEY_STEP,
      ArrowRight: share + KEY_STEP,
      Home: stageShare.least,
      End: stageShare.most,
    }[event.key]
    if (wanted === undefined) return
    event.preventDefault()
    moveTo(wanted)
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: hr cannot have the focus or a value.
    <div
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={t('Width of the clip beside the conversation')}
      aria-valuemin={Math.round(stageShare.least * 100)}
      aria-valuemax={Math.round(stageShare.most * 100)}
      aria-valuenow={Math.round(share * 100)}
      onKeyDown={onKeyDown}
      onDoubleClick={() => moveTo(stageShare.usual)}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        setDragging(true)
      }}
      onPointerMove={onPointerMove}
      onPointerUp={() => setDragging(false)}
      onPointerCancel={() => setDragging(false)}
      className="group relative hidden w-px cursor-col-resize touch-none bg-line before:absolute before:inset-y-0 before:-inset-x-1.5 wide:col-start-2 wide:row-start-1 wide:block"
    >
      <span className="absolute top-1/2 -left-0.5 h-9 w-1.5 -translate-y-1/2 rounded-full bg-edge opacity-0 transition-opacity group-hover:opacity-100 group-focus-visible:opacity-100" />
    </div>
  )
}
